// New names: files, directories, links, and files without a name (O_TMPFILE).
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <utility>

#include "store/quota_fs.h"
#include "sys/openat2.h"

namespace clawbox::store {
namespace {

constexpr uint64_t kHere = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
constexpr uint64_t kNew = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;

}  // namespace

// The id maps of the session may give its programs several owners; what they make is the caller's at first.
int QuotaFs::give_to(const fuse_in_header& caller, const Entry& entry) const {
  if (caller.uid == uid_ && caller.gid == gid_) return 0;
  const gid_t gid = (entry.directory->mode & S_ISGID) != 0 ? static_cast<gid_t>(-1) : caller.gid;
  return ::fchownat(entry.fd, entry.name.c_str(), caller.uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

Answer QuotaFs::made(const Request& request, Reply& reply, const Entry& entry, OwnedFd file) {
  struct stat status {};
  int error = give_to(request.header, entry);
  const int at = file ? file.get() : entry.fd;
  const char* name = file ? "" : entry.name.c_str();
  if (error == 0 && ::fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW | (file ? AT_EMPTY_PATH : 0)) != 0) error = errno;
  if (error != 0) {
    if (::unlinkat(entry.fd, entry.name.c_str(), 0) != 0) ::unlinkat(entry.fd, entry.name.c_str(), AT_REMOVEDIR);
    return {error};
  }
  Node& node = inodes_.look_up(status, *entry.directory, entry.name);
  if (file) descriptors_.keep(node, std::move(file), Node::Opened::kReadWrite);
  quota_.add_file();
  quota_.recharge(0, node.charged);
  charge_directory(*entry.directory);
  return reply.with(entry_out(node, status));
}

Answer QuotaFs::make_node(Request& request, Reply& reply) {
  const auto in = request.take<fuse_mknod_in>();
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (entry.error != 0) return {entry.error};
  const bool whiteout = S_ISCHR(in.mode) && in.rdev == 0;
  if ((S_ISCHR(in.mode) && !whiteout) || S_ISBLK(in.mode)) return {EPERM};
  if (!quota_.has_room_for_file()) return {no_room_for_file()};
  if (!S_ISREG(in.mode)) {
    if (::mknodat(entry.fd, entry.name.c_str(), in.mode, 0) != 0) return {errno};
    return made(request, reply, entry);
  }
  OwnedFd file = sys::try_openat2(entry.fd, entry.name, kNew, kHere, in.mode & 07777);
  return file ? made(request, reply, entry, std::move(file)) : Answer{errno};
}

Answer QuotaFs::make_directory(Request& request, Reply& reply) {
  const auto in = request.take<fuse_mkdir_in>();
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (entry.error != 0) return {entry.error};
  if (!quota_.has_room_for_file()) return {no_room_for_file()};
  if (::mkdirat(entry.fd, entry.name.c_str(), in.mode & 07777) != 0) return {errno};
  return made(request, reply, entry);
}

Answer QuotaFs::make_symlink(Request& request, Reply& reply) {
  std::string name = request.take_name();
  const std::string points_to = request.take_name();
  const Entry entry = entry_of(request.header.nodeid, std::move(name));
  if (entry.error != 0) return {entry.error};
  if (!quota_.has_room_for_file()) return {no_room_for_file()};
  if (::symlinkat(points_to.c_str(), entry.fd, entry.name.c_str()) != 0) return {errno};
  return made(request, reply, entry);
}

Answer QuotaFs::make_unnamed(Request& request, Reply& reply) {
  const auto in = request.take<fuse_create_in>();
  Node* const directory = inodes_.find(request.header.nodeid);
  if (directory == nullptr || !S_ISDIR(directory->mode)) return {ESTALE};
  if (!quota_.has_room_for_file()) return {no_room_for_file()};
  const int at = descriptors_.directory(*directory);
  if (at < 0) return {errno};
  OwnedFd file = sys::try_openat2(at, ".", O_RDWR | O_TMPFILE, kHere, in.mode & 07777);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return {errno};
  Node& node = inodes_.look_up_unnamed(status);
  descriptors_.keep(node, std::move(file), Node::Opened::kReadWrite);
  descriptors_.pin(node);
  orphan(node);
  quota_.add_file();
  quota_.recharge(0, node.charged);
  const struct {
    fuse_entry_out entry;
    fuse_open_out open;
  } out{entry_out(node, status), {.open_flags = FOPEN_KEEP_CACHE}};
  return reply.with(out);
}

// A file without a name is linked by its descriptor; the kernel allows that once, and only if O_TMPFILE made it.
Answer QuotaFs::make_link(Request& request, Reply& reply) {
  const auto in = request.take<fuse_link_in>();
  Node* const node = inodes_.find(in.oldnodeid);
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (node == nullptr || entry.error != 0) return {node == nullptr ? ESTALE : entry.error};
  if (!quota_.has_room_for_name()) return {refused(Refusal::kBytes)};
  const int from = node->pinned ? descriptors_.proc() : descriptors_.directory(*node->parent);
  const std::string name = node->pinned ? std::to_string(node->fd.get()) : node->name;
  const int flags = node->pinned ? AT_SYMLINK_FOLLOW : 0;
  if (from < 0 || ::linkat(from, name.c_str(), entry.fd, entry.name.c_str(), flags) != 0) return {errno};
  if (node->pinned) descriptors_.unpin(*node);
  if (std::exchange(node->life, Node::Life::kNamed) == Node::Life::kOrphan) --orphans_;
  struct stat status {};
  if (::fstatat(entry.fd, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {errno};
  inodes_.look_up(status, *entry.directory, entry.name);
  charge(*node, status);
  charge_directory(*entry.directory);
  return reply.with(entry_out(*node, status));
}

}  // namespace clawbox::store
