// What a directory holds while programs change it: blocks and inodes, as usage_walk.h counts a directory at rest.
//
// What is moved during the count may be counted twice or not at all; the next count has it. Nothing that is moved leads
// out of the directory: each level stays open, and no "..", no link and no other mount is followed.
#pragma once

#include <ctime>
#include <optional>

#include "base/owned_fd.h"
#include "store/quota.h"

namespace clawbox::store {

/// `root`: open for reading. Throws SysError: a directory that cannot be read (EACCES), or more than 1000 levels
/// (ELOOP), which nobody needs and which would cost a descriptor each. With `since`, only files whose status has
/// changed from then on (ctime, inode(7)); of a directory that cannot be read, and that our user could not have filled
/// since then, nothing.
Usage count_below(const OwnedFd& root, std::optional<timespec> since = std::nullopt);

}  // namespace clawbox::store
