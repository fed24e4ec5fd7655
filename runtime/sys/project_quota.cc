#include "sys/project_quota.h"

#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace clawbox::sys {
namespace {

constexpr uint64_t kUnit = 1024;  // QIF_DQBLKSIZE: of limits, whatever the file system's blocks are

/// Of the file system on which a descriptor lies: Linux 5.14.
long quotactl_fd(const OwnedFd& within, unsigned command, uint32_t project, void* data) {
  return ::syscall(SYS_quotactl_fd, within.get(), QCMD(command, PRJQUOTA), project, data);
}

}  // namespace

std::optional<uint32_t> project_of(const OwnedFd& file) {
  fsxattr attributes{};
  if (::ioctl(file.get(), FS_IOC_FSGETXATTR, &attributes) != 0) return std::nullopt;
  return attributes.fsx_projid;
}

void put_into_project(const OwnedFd& directory, uint32_t project) {
  fsxattr attributes{};
  if (::ioctl(directory.get(), FS_IOC_FSGETXATTR, &attributes) != 0) throw_errno("reading the project of a directory");
  attributes.fsx_projid = project;
  attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  if (::ioctl(directory.get(), FS_IOC_FSSETXATTR, &attributes) != 0)
    throw_errno("putting a directory into project {}", project);
}

ProjectQuota project_quota(const OwnedFd& within, uint32_t project) {
  if_dqblk found{};
  if (quotactl_fd(within, Q_GETQUOTA, project, &found) != 0) {
    if (errno == ENOENT) return {};  // XFS keeps nothing of a project that has nothing
    throw_errno("reading the quota of project {}", project);
  }
  return {found.dqb_curspace, found.dqb_curinodes, found.dqb_bhardlimit * kUnit, found.dqb_ihardlimit};
}

void limit_project(const OwnedFd& within, uint32_t project, uint64_t bytes, uint64_t files) {
  if_dqblk limits{};
  limits.dqb_bhardlimit = bytes / kUnit;
  limits.dqb_ihardlimit = files;
  limits.dqb_valid = QIF_LIMITS;
  if (quotactl_fd(within, Q_SETQUOTA, project, &limits) != 0) throw_errno("limiting project {}", project);
}

}  // namespace clawbox::sys
