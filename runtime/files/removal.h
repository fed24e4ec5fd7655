// A tree is removed in a loop, however deep it is, with few descriptors: of a chain of directories only the innermost
// are held open. It goes back up to the others by "..", and only where that still is the directory it came down from:
// whoever moves a directory away meanwhile does not lead it out of the tree.
//
// For each level it keeps 16 bytes besides, and of each directory that it holds a few thousand names.
#pragma once

#include <string>

#include "base/owned_fd.h"

namespace clawbox::files {

/// What is at `name`, with all that is in it; no link is followed. Nothing there is fine. Throws SysError: ESTALE for a
/// directory that was moved meanwhile, and what the system refuses; what was removed until then is gone.
void remove_tree(const OwnedFd& parent, const std::string& name);

}  // namespace clawbox::files
