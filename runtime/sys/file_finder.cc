#include "sys/file_finder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>

#include "sys/file_identity.h"
#include "sys/openat2.h"

namespace clawbox::sys {
namespace {

constexpr uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr uint64_t kOneName = RESOLVE_BENEATH | RESOLVE_NO_XDEV;
constexpr int kTriesAtOnce = 4, kMoreTries = 4;
constexpr timespec kPause{0, 20'000};

/// errno is EAGAIN as long as only the cache was in the way.
OwnedFd try_cached(const OwnedFd& root, const std::string& path, uint64_t flags, uint64_t resolve) {
  OwnedFd file;
  for (int tries = 0; tries < kTriesAtOnce; ++tries) {
    file = try_openat2(root.get(), path, flags, resolve | RESOLVE_CACHED);
    if (file || errno != EAGAIN) break;
  }
  if (!file && errno == EINVAL) errno = EAGAIN;  // a kernel without it
  return file;
}

}  // namespace

bool FileFinder::may_wait() {
  if (!answered_) answered_ = all_answer_();
  return *answered_;
}

FileFinder::Found FileFinder::find(const OwnedFd& root, const std::string& path) {
  OwnedFd file = try_cached(root, path, O_PATH, kInRoot);
  if (!file && errno == EAGAIN && may_wait()) file = try_openat2(root.get(), path, O_PATH, kInRoot);
  for (int tries = 0; !file && errno == EAGAIN && tries < kMoreTries; ++tries) {
    ::nanosleep(&kPause, nullptr);
    file = try_cached(root, path, O_PATH, kInRoot);
  }
  const int error = file ? 0 : errno;
  return {std::move(file), error};
}

void FileFinder::refresh(const OwnedFd& file) {
  struct statx status {};
  if (may_wait())
    static_cast<void>(::statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &status));
}

bool FileFinder::lacks(const OwnedFd& directory, const std::string& name) {
  constexpr uint64_t kFlags = O_PATH | O_NOFOLLOW;
  if (try_cached(directory, name, kFlags, kOneName)) return false;
  if (errno != EAGAIN) return errno == ENOENT;
  // A file system of a block device answers: only those of major 0 (FUSE, networks) can be made to wait.
  const auto status = try_file_status(directory);
  if (!status || (!status->identity.is_lasting() && !may_wait())) return false;
  return !try_openat2(directory.get(), name, kFlags, kOneName) && errno == ENOENT;
}

}  // namespace clawbox::sys
