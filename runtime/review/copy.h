// One regular file copied: what it holds, where its holes are, its times and the attributes that are its owner's.
#pragma once

#include "base/owned_fd.h"

namespace clawbox::review {

/// As many bytes as `from` has when this begins; where it ends earlier, the rest is a hole. Throws SysError.
void copy_content(const OwnedFd& from, const OwnedFd& to);
/// Those of `user.`, but for overlayfs's own. Where the file system has none of them, they are left out.
void copy_attributes(const OwnedFd& from, const OwnedFd& to);
void copy_times(const OwnedFd& from, const OwnedFd& to);

}  // namespace clawbox::review
