#include "store/tmpfs_store.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "store/trial.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::store {

Store::Mounted TmpfsStore::mount() const {
  const std::string size = std::to_string(caps_.bytes), inodes = std::to_string(std::max<uint64_t>(caps_.files, 1));
  const sys::MountOption options[] = {{"size", size}, {"nr_inodes", inodes}, {"mode", "0755"}};
  return {sys::new_filesystem("tmpfs", options, sys::MountFlag::kNoSuid | sys::MountFlag::kNoDev), OwnedFd()};
}

std::string TmpfsStore::why_not(const Wish& wish) {
  if (wish.most_memory == 0) return "what is written would be gone at the end";
  if (wish.caps.bytes > wish.most_memory)
    return fmt::format("{} is too much of the session's memory", size_text(wish.caps.bytes));
  return tried_inside([&wish] {
    const Mounted mounted = TmpfsStore(wish.caps).mount();
    const OwnedFd root = sys::open_at(mounted.mount, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
    if (::fsetxattr(root.get(), "user.clawbox", "", 0, 0) != 0)
      throw_errno("setting a user attribute on a tmpfs, which an overlay needs (Linux 6.6)");
  });
}

}  // namespace clawbox::store
