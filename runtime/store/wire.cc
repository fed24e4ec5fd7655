#include "store/wire.h"

namespace clawbox::store {

fuse_attr attributes_of(const struct stat& status) {
  fuse_attr out{};
  out.ino = status.st_ino;
  out.size = static_cast<uint64_t>(status.st_size);
  out.blocks = static_cast<uint64_t>(status.st_blocks);
  out.atime = static_cast<uint64_t>(status.st_atim.tv_sec);
  out.mtime = static_cast<uint64_t>(status.st_mtim.tv_sec);
  out.ctime = static_cast<uint64_t>(status.st_ctim.tv_sec);
  out.atimensec = static_cast<uint32_t>(status.st_atim.tv_nsec);
  out.mtimensec = static_cast<uint32_t>(status.st_mtim.tv_nsec);
  out.ctimensec = static_cast<uint32_t>(status.st_ctim.tv_nsec);
  out.mode = status.st_mode;
  out.nlink = static_cast<uint32_t>(status.st_nlink);
  out.uid = status.st_uid;
  out.gid = status.st_gid;
  out.rdev = static_cast<uint32_t>(status.st_rdev);
  out.blksize = static_cast<uint32_t>(status.st_blksize);
  return out;
}

}  // namespace clawbox::store
