#include "store/held_store.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/image.h"
#include "sys/files.h"
#include "sys/images.h"
#include "sys/mounts.h"

namespace clawbox::store {
namespace {

using namespace std::chrono_literals;

constexpr auto kPeriod = 1000ms;
/// A write that wants more than is left takes what there is, but for what the file system keeps for its own tables.
uint64_t as_good_as_nothing(Caps caps) {
  return std::clamp<uint64_t>(caps.bytes / 128, uint64_t{128} << 10, uint64_t{4} << 20);
}

}  // namespace

OwnedFd mount_of(const Wish& wish) {
  OwnedFd tree = wish.tree ? sys::duplicate(wish.tree.get())
                           : sys::clone_tree(sys::open(wish.path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  sys::restrict_mount(tree, sys::MountFlag::kNoSuid | sys::MountFlag::kNoDev, sys::Reach::kWholeTree);
  return tree;
}

HeldStore::HeldStore(Backing backing, Wish wish) : wish_(std::move(wish)), backing_(backing) {
  timer_.start(kPeriod, kPeriod);
}

Store::News HeldStore::next_news() {
  timer_.drain();
  return last_news();
}

/// The kernel shows a project's, or the image's, own numbers here.
Store::News HeldStore::last_news() {
  struct statvfs shown {};
  if (told_ || !wish_.directory || ::fstatvfs(wish_.directory.get(), &shown) != 0) return {};
  const bool of_bytes = shown.f_bavail * shown.f_frsize < as_good_as_nothing(wish_.caps);
  if (!of_bytes && shown.f_ffree > 0) return {};
  told_ = true;
  const Usage used{(shown.f_blocks - shown.f_bfree) * shown.f_frsize, shown.f_files - shown.f_ffree};
  return {.full = Full{of_bytes ? Full::Of::kBytes : Full::Of::kFiles, wish_.caps, used}};
}

/// The image's root takes the directory's place.
std::unique_ptr<LoopStore> LoopStore::make(Wish wish) {
  wish.tree = image_in(wish.directory, wish.image, wish.caps, wish.owner);
  OwnedFd directory = std::exchange(
      wish.directory, sys::open_at(wish.tree, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks));
  if (wish.owner) sys::map_owners(wish.tree, wish.owner->map);
  return std::unique_ptr<LoopStore>(new LoopStore(std::move(wish), std::move(directory)));
}

/// Whoever has it mounted still, the session that is being taken apart, holds the image's lock.
bool LoopStore::wait_until_released(std::chrono::milliseconds time) try {
  wish_.directory.reset();
  wish_.tree.reset();
  sys::locked_image(directory_, wish_.image, time);
  return true;
} catch (const SysError&) {
  return false;
}

}  // namespace clawbox::store
