#include "store/unlinked_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sys/directories.h"
#include "sys/process_facts.h"

namespace clawbox::store {
namespace {

class Search {
 public:
  explicit Search(dev_t device) : device_(device) {}

  void look_at(pid_t pid) {
    const std::string directory = fmt::format("/proc/{}/fd", pid);
    sys::Listing listing(directory);
    while (const dirent* entry = listing.next())
      if (entry->d_name[0] != '.') add(directory + "/" + entry->d_name);
  }
  uint64_t bytes() const { return bytes_; }

 private:
  // Without asking a file system's server, which may be a program of the session.
  void add(const std::string& descriptor) {
    struct statx found {};
    constexpr unsigned kWanted = STATX_TYPE | STATX_NLINK | STATX_INO | STATX_BLOCKS;
    if (::statx(AT_FDCWD, descriptor.c_str(), AT_STATX_DONT_SYNC, kWanted, &found) != 0) return;
    if (!S_ISREG(found.stx_mode) || found.stx_nlink != 0 || !concerns(descriptor, found)) return;
    const dev_t device = makedev(found.stx_dev_major, found.stx_dev_minor);
    if (seen_.emplace(device, found.stx_ino).second) bytes_ += found.stx_blocks * 512;
  }

  /// An overlay's files have a device of its own.
  bool concerns(const std::string& descriptor, const struct statx& found) const {
    if (makedev(found.stx_dev_major, found.stx_dev_minor) == device_) return true;
    struct statfs where {};
    return ::statfs(descriptor.c_str(), &where) == 0 && where.f_type == OVERLAYFS_SUPER_MAGIC;
  }

  dev_t device_;
  std::set<std::pair<dev_t, uint64_t>> seen_;
  uint64_t bytes_ = 0;
};

}  // namespace

uint64_t unlinked_bytes(pid_t root, dev_t device) {
  Search search(device);
  std::vector<pid_t> waiting{root};
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    search.look_at(pid);
    for (const pid_t child : sys::children_of(pid)) waiting.push_back(child);
  }
  return search.bytes();
}

}  // namespace clawbox::store
