// Project quotas of ext4 and XFS: limits on all files that bear one number. quotactl(2), ioctl_xfs_fsgetxattr(2).
//
// A directory can hand its number down. Changing one's own files' is for every user of the initial user namespace, and
// EINVAL in others; setting limits is for CAP_SYS_ADMIN in the initial one, and CAP_SYS_RESOURCE there passes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// Nothing where the file system has no such numbers.
std::optional<uint32_t> project_of(const OwnedFd& file);
/// `directory`, and what is made in it from now on.
void put_into_project(const OwnedFd& directory, uint32_t project);

struct ProjectQuota {
  uint64_t bytes = 0, files = 0;            // used
  uint64_t most_bytes = 0, most_files = 0;  // hard; 0: no limit
};
/// As root. `within`: anything on the file system, open for reading. Throws SysError(ESRCH) where quotas are off.
ProjectQuota project_quota(const OwnedFd& within, uint32_t project);
/// As root; bytes in units of 1 KiB.
void limit_project(const OwnedFd& within, uint32_t project, uint64_t bytes, uint64_t files);

}  // namespace clawbox::sys
