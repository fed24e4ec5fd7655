#include "sys/file_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace clawbox::sys {
namespace {

// Younger than the headers of the oldest supported distribution: include/uapi/linux/stat.h.
constexpr unsigned kMountIdUnique = 0x4000;  // STATX_MNT_ID_UNIQUE, Linux 6.8

uint64_t mount_id_of(const struct statx& status) {
  static_assert(sizeof(struct statx) == 256);
  // stx_mnt_id follows stx_dev_minor in every version of the structure; older headers call it spare.
  const auto* const minor = reinterpret_cast<const char*>(&status.stx_dev_minor);
  uint64_t id = 0;
  __builtin_memcpy(&id, minor + sizeof status.stx_dev_minor, sizeof id);
  return id;
}

}  // namespace

std::optional<FileStatus> try_file_status(const OwnedFd& file) {
  struct statx status {};
  if (::statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | kMountIdUnique, &status) < 0)
    return std::nullopt;
  FileStatus result;
  result.identity = {.device = uint64_t{status.stx_dev_major} << 32 | status.stx_dev_minor,
                     .inode = status.stx_ino,
                     .size = status.stx_size,
                     .changed_s = status.stx_ctime.tv_sec,
                     .changed_ns = status.stx_ctime.tv_nsec};
  if (status.stx_dev_major == 0 && (status.stx_mask & kMountIdUnique) != 0) result.identity.mount = mount_id_of(status);
  result.mode = status.stx_mode;
  return result;
}

}  // namespace clawbox::sys
