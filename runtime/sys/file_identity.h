// Which file this is and whether it changed, asked without waiting: statx(2) with AT_STATX_DONT_SYNC, openat2(2) with
// RESOLVE_CACHED (Linux 5.12). A FUSE server inside the sandbox can hold neither.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// Equal for the same unchanged file. A change time can be chosen only by who sets the clock or serves the file system.
struct FileIdentity {
  uint64_t device = 0;  // major << 32 | minor
  uint64_t inode = 0, size = 0;
  int64_t changed_s = 0;
  uint64_t changed_ns = 0;
  // Devices of major 0 (FUSE, tmpfs, overlay, btrfs …) are numbers that the kernel gives again to another mount, whose
  // server may claim any inode and time. So there the mount counts too, by the id that is never given again. 0: not
  // needed, or the kernel (before Linux 6.8) has none.
  uint64_t mount = 0;

  auto operator<=>(const FileIdentity&) const = default;  // NOLINT(modernize-use-nullptr): of the compiler's own
  /// Two files can have this identity only by one's having been replaced within the same tick of the clock.
  bool unique() const { return is_lasting() || mount != 0; }
  /// Whatever has been written to it since, or changed of its mode, links or times.
  bool same_file(const FileIdentity& other) const {
    return device == other.device && inode == other.inode && mount == other.mount;
  }
  /// Also after a reboot and among all mounts.
  bool is_lasting() const { return device >> 32 != 0; }
};

struct FileStatus {
  FileIdentity identity;
  uint32_t mode = 0;
};
/// Of any descriptor, O_PATH too. Nothing: errno.
std::optional<FileStatus> try_file_status(const OwnedFd& file);

}  // namespace clawbox::sys
