// What a session changed of its workspace, path by path.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "review/tree.h"

namespace clawbox::review {

struct Change {
  enum class What {
    kAdded,
    kContent,  // of a file; its mode may have changed too
    kMode,     // and nothing else
    kLink,     // a symlink points elsewhere
    kType,     // from one kind to another
    kDeleted,
  } what = What::kAdded;
  std::string path;                    // relative to the workspace
  std::optional<Entry> before, after;  // on the host now; in the upper layer
  std::string points_to;               // a symlink's new text
  bool risky = false;                  // it can make the host run code later, or leads out of the workspace
  std::string problem;                 // why it cannot be applied; empty: it can
  std::string partner;                 // of a rename: the other path, whose content is the same; empty: none
};

/// Parents come before what is in them.
struct Changes {
  std::vector<Change> all;
  enum class Walk { kWhole, kCutShort } walk = Walk::kWhole;  // kCutShort: there are more names than are looked at
};

/// Whether a path of the workspace, such as ".git/hooks/pre-commit", can make the host run code later. `kind` is what
/// it becomes, or was.
using Risk = std::function<bool(const std::string& path, Kind kind)>;

inline bool is_rename_target(const Change& change) {
  return !change.partner.empty() && change.what == Change::What::kAdded;
}

}  // namespace clawbox::review
