#include "files/removal.h"

#include <fcntl.h>

#include <deque>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"
#include "sys/entries.h"
#include "sys/files.h"

namespace clawbox::files {
namespace {

constexpr std::size_t kMostHeld = 32;     // directories
constexpr std::size_t kMostNames = 4096;  // of each

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Identity identity_of(const OwnedFd& directory) {
  const struct stat status = sys::status_of(directory);
  return {status.st_dev, status.st_ino};
}

struct Names {
  std::vector<std::string> left;
  bool all = false;
};

/// They are taken before the first is removed: a directory that changes while it is read may leave some out.
Names names_in(const OwnedFd& directory) {
  sys::Listing listing(sys::open_entry(directory, ".", O_RDONLY | O_DIRECTORY));
  Names names;
  while (!names.all && names.left.size() < kMostNames) {
    const dirent* entry = listing.next();
    names.all = entry == nullptr;
    if (entry != nullptr) names.left.emplace_back(entry->d_name);
  }
  if (listing.error() != 0) throw_sys_error(listing.error(), "listing a directory");
  return names;
}

class Removal {
 public:
  explicit Removal(OwnedFd top) { enter(std::move(top)); }

  /// Until the top is empty.
  void run() {
    while (!path_.empty()) step();
  }

 private:
  /// Where it is not the innermost, we are in the last of its names.
  struct Level {
    OwnedFd directory;
    Names names;
  };

  void step();
  void enter(OwnedFd directory);
  void leave();

  std::deque<Level> held_;      // the innermost; never none before the end
  std::vector<Identity> path_;  // from the top to where we are
};

void Removal::step() {
  Level& here = held_.back();
  if (here.names.left.empty() && !here.names.all) here.names = names_in(here.directory);
  if (here.names.left.empty()) return leave();
  const std::string name = here.names.left.back();
  const auto status = sys::status_of_entry(here.directory, name);
  if (status && S_ISDIR(status->st_mode)) return enter(sys::open_entry(here.directory, name, O_PATH | O_DIRECTORY));
  if (status) sys::remove_file(here.directory, name);
  here.names.left.pop_back();
}

void Removal::enter(OwnedFd directory) {
  path_.push_back(identity_of(directory));
  held_.push_back({std::move(directory), {}});
  if (held_.size() > kMostHeld) held_.pop_front();
}

/// Where the directory around it is not held any more, its name is not known either: we come to it again by reading
/// that one, and remove it then.
void Removal::leave() {
  const Level emptied = std::move(held_.back());
  held_.pop_back();
  path_.pop_back();
  if (path_.empty()) return;
  if (!held_.empty()) {
    Level& around = held_.back();
    sys::remove_directory(around.directory, around.names.left.back());
    return around.names.left.pop_back();
  }
  OwnedFd around = sys::open_parent(emptied.directory);
  if (identity_of(around) != path_.back()) throw_sys_error(ESTALE, "a directory was moved while it was removed");
  held_.push_back({std::move(around), {}});
}

}  // namespace

void remove_tree(const OwnedFd& parent, const std::string& name) {
  const auto status = sys::status_of_entry(parent, name);
  if (!status) return;
  if (!S_ISDIR(status->st_mode)) return sys::remove_file(parent, name);
  Removal(sys::open_entry(parent, name, O_PATH | O_DIRECTORY)).run();
  sys::remove_directory(parent, name);
}

}  // namespace clawbox::files
