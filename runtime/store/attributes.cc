// Looking up, and what stat(2), chmod(2), chown(2), truncate(2), utime(2) and statfs(2) want.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>

#include "store/quota_fs.h"

namespace clawbox::store {
namespace {

constexpr uint32_t kTimes = FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW;

timespec time_from(const fuse_setattr_in& in, uint32_t now, uint32_t given, uint64_t seconds, uint32_t nanoseconds) {
  if ((in.valid & now) != 0) return {0, UTIME_NOW};
  if ((in.valid & given) == 0) return {0, UTIME_OMIT};
  return {static_cast<time_t>(seconds), nanoseconds};
}

/// A node by its descriptor, or by its name in its parent's. The two forms of every *at(2) call.
struct Way {
  int fd = -1;
  const char* name = "";
  int flags = AT_EMPTY_PATH;
  int error = 0;
};

Way way_to(Node& node, Descriptors& descriptors) {
  if (node.life == Node::Life::kRemoved) return {.error = ENOENT};
  if (S_ISDIR(node.mode)) {
    const int fd = descriptors.directory(node);
    return {.fd = fd, .error = fd < 0 ? errno : 0};
  }
  if (node.fd) return {.fd = node.fd.get()};
  const int fd = descriptors.directory(*node.parent);
  return {fd, node.name.c_str(), AT_SYMLINK_NOFOLLOW, fd < 0 ? errno : 0};
}

int change_owner(const Way& way, const fuse_setattr_in& in) {
  const uid_t uid = (in.valid & FATTR_UID) != 0 ? in.uid : static_cast<uid_t>(-1);
  const gid_t gid = (in.valid & FATTR_GID) != 0 ? in.gid : static_cast<gid_t>(-1);
  return ::fchownat(way.fd, way.name, uid, gid, way.flags) == 0 ? 0 : errno;
}

// fchmodat(2) follows links, and chmod by a descriptor of O_PATH does not exist: a link has no mode to change, and what
// a name leads to only we can change.
int change_mode(Node& node, const Way& way, Descriptors& descriptors, mode_t mode) {
  if (S_ISLNK(node.mode)) return EOPNOTSUPP;
  if (*way.name != '\0') return ::fchmodat(way.fd, way.name, mode, 0) == 0 ? 0 : errno;
  if (node.opened != Node::Opened::kPath) return ::fchmod(way.fd, mode) == 0 ? 0 : errno;
  return ::fchmodat(descriptors.proc(), std::to_string(way.fd).c_str(), mode, 0) == 0 ? 0 : errno;
}

int change_times(const Way& way, const fuse_setattr_in& in) {
  const timespec times[2] = {time_from(in, FATTR_ATIME_NOW, FATTR_ATIME, in.atime, in.atimensec),
                             time_from(in, FATTR_MTIME_NOW, FATTR_MTIME, in.mtime, in.mtimensec)};
  return ::utimensat(way.fd, way.name, times, way.flags) == 0 ? 0 : errno;
}

}  // namespace

Answer QuotaFs::look_up(Request& request, Reply& reply) {
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (entry.error != 0) return {entry.error};
  struct stat status {};
  if (::fstatat(entry.fd, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    Node& node = inodes_.look_up(status, *entry.directory, entry.name);
    charge(node, status);
    if (node.pinned && node.life == Node::Life::kNamed) descriptors_.unpin(node);
    return reply.with(entry_out(node, status));
  }
  if (errno != ENOENT) return {errno};
  return reply.with(fuse_entry_out{.entry_valid = kForever});  // "not there", to be remembered
}

int QuotaFs::status_of(Node& node, struct stat& status) {
  if (node.life == Node::Life::kRemoved) {  // a directory that somebody is still in
    status.st_ino = node.inode;
    status.st_mode = node.mode;
    status.st_uid = uid_;
    status.st_gid = gid_;
    return 0;
  }
  const Way way = way_to(node, descriptors_);
  if (way.error != 0) return way.error;
  if (::fstatat(way.fd, way.name, &status, way.flags) != 0) return errno;
  charge(node, status);
  return 0;
}

Answer QuotaFs::get_attributes(Request& request, Reply& reply) {
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr) return {ESTALE};
  struct stat status {};
  if (const int error = status_of(*node, status); error != 0) return {error};
  return reply.with(fuse_attr_out{.attr_valid = kForever, .attr = attributes_of(status)});
}

// In the order of the kernel's own file systems: owner, then mode (a change of owner clears bits of it), size, times.
Answer QuotaFs::set_attributes(Request& request, Reply& reply) {
  const auto in = request.take<fuse_setattr_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr || request.broken()) return {ESTALE};
  if ((in.valid & FATTR_SIZE) != 0) {
    const int fd = descriptors_.file(*node, Node::Opened::kReadWrite);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(in.size)) != 0) return {errno};
  }
  const Way way = way_to(*node, descriptors_);
  int error = way.error;
  if (error == 0 && (in.valid & (FATTR_UID | FATTR_GID)) != 0) error = change_owner(way, in);
  if (error == 0 && (in.valid & FATTR_MODE) != 0) error = change_mode(*node, way, descriptors_, in.mode & 07777);
  if (error == 0 && (in.valid & kTimes) != 0) error = change_times(way, in);
  struct stat status {};
  if (error == 0) error = status_of(*node, status);
  if (error != 0) return {error};
  node->mode = status.st_mode;
  return reply.with(fuse_attr_out{.attr_valid = kForever, .attr = attributes_of(status)});
}

// df(1) shows the cap, or what the host has left where that is less.
Answer QuotaFs::statistics(Request&, Reply& reply) {
  struct statfs host {};
  if (::fstatfs(descriptors_.root(), &host) != 0) return {errno};
  const uint64_t unit = 4096, left = quota_.bytes_left();
  const uint64_t on_host = static_cast<uint64_t>(host.f_bavail) * static_cast<uint64_t>(host.f_bsize);
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = unit;
  out.st.namelen = 255;
  out.st.blocks = quota_.caps().bytes / unit;
  out.st.bfree = out.st.bavail = std::min(left, on_host) / unit;
  out.st.files = quota_.caps().files;
  out.st.ffree = quota_.caps().files - std::min(quota_.caps().files, quota_.used().files);
  return reply.with(out);
}

}  // namespace clawbox::store
