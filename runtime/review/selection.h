// Which of the changes are meant, and what stands against applying them.
#pragma once

#include <string>
#include <vector>

#include "review/change.h"
#include "review/layers.h"

namespace clawbox::review {

struct Wish {
  std::vector<std::string> paths;  // files and directories, relative to the workspace; none: everything
  enum class Risky { kLeft, kIncluded } risky = Risky::kLeft;
  enum class HostChanges { kRefuse, kOverwrite } host_changes = HostChanges::kRefuse;
};

struct Left {
  std::string path, why;
};

struct Selection {
  std::vector<Change> chosen;  // parents first; with the directories that they need
  std::vector<Left> left;      // meant, and not chosen
};

/// Those at or below one of `paths`; all, where there are none. Throws Error(kUsage) for a path that names no change,
/// with the nearest one that does.
std::vector<Change> named(const Changes& changes, const std::vector<std::string>& paths);

/// Throws as named() does.
Selection select(const Changes& changes, const Wish& wish);

/// Why what is chosen cannot be applied now: files that the host has changed since the session began (unless they may
/// be overwritten), and directories that are no longer there, are symlinks, or cannot be written.
std::vector<Left> conflicts(const std::vector<Change>& chosen, const Layers& layers, Wish::HostChanges host_changes);

}  // namespace clawbox::review
