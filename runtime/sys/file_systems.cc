#include "sys/file_systems.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::sys {
namespace {

constexpr std::size_t kMountPoint = 4, kLongestMountinfo = std::size_t{16} << 20;

bool answers(std::string_view type) {
  constexpr std::array<std::string_view, 15> kAlone{"bcachefs", "btrfs", "cgroup2", "devpts", "devtmpfs",
                                                    "ext2",     "ext3",  "ext4",    "f2fs",   "mqueue",
                                                    "proc",     "sysfs", "tmpfs",   "xfs",    "zfs"};
  return std::find(kAlone.begin(), kAlone.end(), type) != kAlone.end();
}

bool is_at_or_below(const std::string& path, const std::string& base) {
  return path == base || base == "/" || path.starts_with(base + "/");
}

}  // namespace

bool all_answer(const std::string& process, const std::function<bool(const MountPoint&)>& concerns) try {
  const OwnedFd file = open("/proc/" + process + "/mountinfo", O_RDONLY);
  for (const std::string& line : split(read_all(file, kLongestMountinfo, "mountinfo"), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() <= kMountPoint || words.end() - dash < 2 || answers(*(dash + 1))) continue;
    if (words[kMountPoint].find('\\') != std::string::npos || concerns({words[kMountPoint], *(dash + 1)})) return false;
  }
  return true;
} catch (const SysError&) {
  return false;
}

bool all_answer_around(const std::string& directory) {
  return all_answer("self", [&](const MountPoint& mount) {
    return is_at_or_below(directory, mount.path) || is_at_or_below(mount.path, directory);
  });
}

bool all_answer(pid_t process) {
  return all_answer(std::to_string(process), [](const MountPoint&) { return true; });
}

std::string type_of_file_system(const std::string& path) try {
  struct statx found {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &found) != 0) return "";
  const OwnedFd file = open("/proc/self/mountinfo", O_RDONLY);
  for (const std::string& line : split(read_all(file, kLongestMountinfo, "mountinfo"), '\n')) {
    if (!line.starts_with(std::to_string(found.stx_mnt_id) + " ")) continue;
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    return words.end() - dash < 2 ? "" : *(dash + 1);
  }
  return "";
} catch (const SysError&) {
  return "";
}

// FUSE, NFS, both of SMB, 9P, Ceph: <linux/magic.h>
bool may_fall_silent(const OwnedFd& directory) {
  constexpr std::array<uint32_t, 6> kServed{0x65735546, 0x6969, 0xFF534D42, 0xFE534D42, 0x01021997, 0x00C36400};
  struct statfs status {};
  if (::fstatfs(directory.get(), &status) != 0) return true;
  return std::find(kServed.begin(), kServed.end(), static_cast<uint32_t>(status.f_type)) != kServed.end();
}

Space space_of(const OwnedFd& directory) {
  struct statvfs status {};
  if (::fstatvfs(directory.get(), &status) != 0) return {};
  return {status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize};
}

}  // namespace clawbox::sys
