#include "store/tmpfs_store.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>

#include "base/error.h"
#include "store/trial.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::store {

Store::Mounted TmpfsStore::mount() const {
  const std::string size = std::to_string(caps_.bytes), inodes = std::to_string(std::max<uint64_t>(caps_.files, 1));
  const sys::MountOption options[] = {{"size", size}, {"nr_inodes", inodes}, {"mode", "0755"}};
  return {sys::new_filesystem("tmpfs", options, sys::MountFlag::kNoSuid | sys::MountFlag::kNoDev), OwnedFd()};
}

std::string TmpfsStore::why_not() {
  return tried_inside([] {
    const Mounted mounted = TmpfsStore({uint64_t{1} << 20, 16}).mount();
    const OwnedFd root = sys::open_at(mounted.mount, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
    if (::fsetxattr(root.get(), "user.clawbox", "", 0, 0) != 0)
      throw_errno("setting a user attribute on a tmpfs, which an overlay needs (Linux 6.6)");
  });
}

}  // namespace clawbox::store
