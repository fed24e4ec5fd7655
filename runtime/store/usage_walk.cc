#include "store/usage_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::store {
namespace {

class Walk {
 public:
  explicit Walk(Charges charges) : charges_(charges) {}

  Usage count(const OwnedFd& root) {
    OwnedFd here = sys::open_at(root, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
    add(sys::status_of(here));
    pending_.push_back(entries_of(here));
    while (true) {
      if (!pending_.back().empty()) {
        const std::string name = std::move(pending_.back().back());
        pending_.back().pop_back();
        here = sys::open_at(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
        pending_.push_back(entries_of(here));
        continue;
      }
      pending_.pop_back();
      if (pending_.empty()) return usage_;
      here = sys::open_at(here, "..", O_RDONLY | O_DIRECTORY, sys::Resolve::kNoSymlinks);
    }
  }

 private:
  void add(const struct stat& status) {
    if (!S_ISDIR(status.st_mode) && status.st_nlink > 1 && !linked_.insert(status.st_ino).second) return;
    usage_.bytes += charges_.of(status);
    ++usage_.files;
  }

  /// Counts what is in `directory`, and returns the directories among it.
  std::vector<std::string> entries_of(const OwnedFd& directory) {
    std::vector<std::string> directories;
    sys::Listing listing(directory);
    while (const dirent* entry = listing.next()) {
      struct stat status {};
      if (::fstatat(directory.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        throw_errno("counting what the store holds");
      add(status);
      if (S_ISDIR(status.st_mode)) directories.emplace_back(entry->d_name);
    }
    if (listing.error() != 0) throw_sys_error(listing.error(), "counting what the store holds");
    return directories;
  }

  Charges charges_;
  Usage usage_;
  std::unordered_set<ino_t> linked_;
  std::vector<std::vector<std::string>> pending_;  // per level: directories not entered yet
};

}  // namespace

Usage usage_below(const OwnedFd& root, Charges charges) { return Walk(charges).count(root); }

}  // namespace clawbox::store
