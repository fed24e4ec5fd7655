// What a session changed, put into the workspace on the host; or thrown away.
//
// An apply is all or nothing: everything that was chosen is staged on the workspace's own file system and written to
// disk; then the journal is; then each file is put into place by one rename. Killed before the journal is there,
// nothing has happened. Killed after, the next apply of the session finishes it. Where a step fails, all are undone.
#pragma once

#include <string>
#include <vector>

#include "review/change.h"
#include "review/layers.h"
#include "review/selection.h"

namespace clawbox::review {

struct Applied {
  std::vector<std::string> paths;                       // that are now as the session left them
  std::vector<Left> left;                               // meant, and not applied
  std::vector<Left> conflicts;                          // where there are any, nothing was applied
  enum class Rest { kNone, kSome } rest = Rest::kSome;  // kNone: the session has no changes any more, and is gone
  enum class Began {
    kNow,
    kEarlier
  } began = Began::kNow;  // kEarlier: an interrupted apply was finished, as it was meant
  std::string staging;    // a directory of the workspace in which something unexpected stayed
};

enum class Mode { kReally, kDryRun };
/// The layers are locked. Throws Error(kProblemsFound) where the host changes what is being replaced, SysError where it
/// refuses; the workspace is then as it was, or the error names what could not be put back.
Applied apply(const Layers& layers, const Risk& risk, const Wish& wish, Mode mode = Mode::kReally);

struct Discarded {
  std::vector<std::string> paths;
  std::vector<Left> left;
  Applied::Rest rest = Applied::Rest::kSome;
};
/// The layers are locked, and no apply was interrupted. Without paths everything goes.
Discarded discard(const Layers& layers, const Risk& risk, const std::vector<std::string>& paths);

/// Removes the overlay in which, for certain, nothing is left.
Applied::Rest removed_if_empty(const Layers& layers, const Changes& changes);

/// An apply was killed, and another one will finish it. What differs until then is not what the session changed.
bool was_interrupted(const Layers& layers);

}  // namespace clawbox::review
