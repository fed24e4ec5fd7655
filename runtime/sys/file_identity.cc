#include "sys/file_identity.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace clawbox::sys {
namespace {

// Younger than the headers of the oldest supported distribution: include/uapi/linux/stat.h, openat2.h.
constexpr unsigned kMountIdUnique = 0x4000;  // STATX_MNT_ID_UNIQUE, Linux 6.8
constexpr uint64_t kResolveCached = 0x20;    // RESOLVE_CACHED, Linux 5.12

constexpr int kTriesAtOnce = 4, kMostTries = 8;
constexpr timespec kPause{0, 20'000};

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

CachedLookup look_up_cached(const OwnedFd& root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | kResolveCached;
  // EAGAIN: not in the cache, or something was mounted or renamed anywhere on the host just then, as with every session
  // that starts. The kernel does not say which; the later tries give it time.
  for (int tries = 1;; ++tries) {
    const long fd = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return {OwnedFd(static_cast<int>(fd)), 0};
    if (errno != EAGAIN || tries == kMostTries) return {OwnedFd(), errno == EINVAL ? EAGAIN : errno};
    if (tries >= kTriesAtOnce) ::nanosleep(&kPause, nullptr);
  }
}

}  // namespace clawbox::sys
