#include "store/live_count.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::store {
namespace {

constexpr std::size_t kMostLevels = 1000;
constexpr uint64_t kHere = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

/// Gone, or something else by now.
bool has_changed(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

bool is_before(const timespec& one, const timespec& other) {
  return one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
}

class Count {
 public:
  explicit Count(std::optional<timespec> since) : since_(since) {}
  Usage of(const OwnedFd& root) {
    add(sys::status_of(root));
    enter(sys::open_at(root, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks));  // from its beginning
    while (!levels_.empty()) {
      if (levels_.back().waiting.empty()) {
        levels_.pop_back();
        continue;
      }
      const std::string name = std::exchange(levels_.back().waiting.back(), {});
      levels_.back().waiting.pop_back();
      OwnedFd next = sys::try_openat2(levels_.back().directory.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kHere);
      if (!next && !has_changed(errno) && !(errno == EACCES && was_closed(name)))
        throw_errno("counting what the session wrote");
      if (next) enter(std::move(next));
    }
    return usage_;
  }

 private:
  struct Level {
    OwnedFd directory;
    std::vector<std::string> waiting;  // directories in it that are not counted yet
  };

  bool is_older(const struct stat& status) const { return since_ && is_before(status.st_ctim, *since_); }

  /// Somebody else's directory, or one of ours that nobody has opened since. Keeps errno.
  bool was_closed(const std::string& name) const {
    struct stat status {};
    const bool is_there = ::fstatat(levels_.back().directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    errno = EACCES;
    return since_ && is_there && (status.st_uid != ::geteuid() || is_older(status));
  }

  void add(const struct stat& status) {
    if (is_older(status)) return;
    if (!S_ISDIR(status.st_mode) && status.st_nlink > 1 && !linked_.insert(status.st_ino).second) return;
    usage_.bytes += static_cast<uint64_t>(status.st_blocks) * 512;
    ++usage_.files;
  }

  void enter(OwnedFd directory) {
    if (levels_.size() == kMostLevels) throw_sys_error(ELOOP, "counting what the session wrote");
    Level level{std::move(directory), {}};
    sys::Listing listing(level.directory);
    while (const dirent* entry = listing.next()) {
      struct stat status {};
      if (::fstatat(level.directory.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (!has_changed(errno)) throw_errno("counting what the session wrote");
        continue;
      }
      add(status);
      if (S_ISDIR(status.st_mode)) level.waiting.emplace_back(entry->d_name);
    }
    if (listing.error() != 0) throw_sys_error(listing.error(), "counting what the session wrote");
    levels_.push_back(std::move(level));
  }

  std::optional<timespec> since_;
  Usage usage_;
  std::unordered_set<ino_t> linked_;
  std::vector<Level> levels_;
};

}  // namespace

Usage count_below(const OwnedFd& root, std::optional<timespec> since) { return Count(since).of(root); }

}  // namespace clawbox::store
