// user.* attributes of files and directories; nothing else has any, and no others exist here. xattr(7).
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>

#include "store/names.h"
#include "store/quota_fs.h"

namespace clawbox::store {
namespace {

/// fuse_setxattr_in up to FUSE_COMPAT_SETXATTR_IN_SIZE: FUSE_SETXATTR_EXT is not asked for.
struct ShortSetxattr {
  uint32_t size = 0, flags = 0;
};

constexpr std::size_t kMostValue = 65536;  // XATTR_SIZE_MAX, and that of a list of names

/// A size is asked for first, then that many bytes.
Answer sized(ssize_t got, uint32_t asked, Reply& reply) {
  if (got < 0) return {errno};
  if (asked == 0) return reply.with(fuse_getxattr_out{.size = static_cast<uint32_t>(got)});
  return {.size = static_cast<std::size_t>(got)};
}

}  // namespace

/// -1 with errno: EPERM for what cannot have any.
int QuotaFs::extended_fd(uint64_t id) {
  Node* const node = inodes_.find(id);
  if (node == nullptr) return errno = ESTALE, -1;
  if (S_ISDIR(node->mode)) return descriptors_.directory(*node);
  if (S_ISREG(node->mode)) return descriptors_.file(*node, Node::Opened::kRead);
  return errno = EPERM, -1;
}

/// What the quota counts for it as it is now: nothing where there is none.
uint64_t QuotaFs::charge_of_attribute(int fd, const std::string& name) const {
  if (charges_.blocks_tell_all()) return 0;
  const ssize_t size = ::fgetxattr(fd, name.c_str(), nullptr, 0);
  return size < 0 ? 0 : charges_.of_attribute(name, static_cast<std::size_t>(size));
}

void QuotaFs::attribute_changed(Node& node, int fd, uint64_t before, uint64_t after) {
  struct stat status {};
  if (::fstat(fd, &status) == 0) charge(node, status);
  if (before == after) return;
  quota_.recharge(before, after);
  uint64_t& charged = attributes_[node.inode];
  charged = charged - std::min(charged, before) + after;
}

Answer QuotaFs::set_extended(Request& request, Reply&) {
  const auto in = request.take<ShortSetxattr>();
  const std::string name = request.take_name();
  if (!is_own_attribute(name)) return {EOPNOTSUPP};
  if (in.size > request.rest().size()) return {EINVAL};
  if (quota_.bytes_left() < in.size + block_) return {refused(Refusal::kBytes)};
  const int fd = extended_fd(request.header.nodeid);
  if (fd < 0) return {errno};
  const uint64_t before = charge_of_attribute(fd, name);
  if (::fsetxattr(fd, name.c_str(), request.rest().data(), in.size, static_cast<int>(in.flags)) != 0) return {errno};
  attribute_changed(*inodes_.find(request.header.nodeid), fd, before, charges_.of_attribute(name, in.size));
  return {};
}

// security.capability is asked for before each exec and some writes: "none", and never ENOSYS, which ends all asking.
Answer QuotaFs::get_extended(Request& request, Reply& reply) {
  const auto in = request.take<fuse_getxattr_in>();
  const std::string name = request.take_name();
  if (!is_own_attribute(name)) return {ENODATA};
  const int fd = extended_fd(request.header.nodeid);
  if (fd < 0) return {errno == EPERM ? ENODATA : errno};
  const std::size_t size = std::min<std::size_t>(in.size, kMostValue);
  return sized(::fgetxattr(fd, name.c_str(), size == 0 ? nullptr : reply.room().data(), size), in.size, reply);
}

Answer QuotaFs::list_extended(Request& request, Reply& reply) {
  const auto in = request.take<fuse_getxattr_in>();
  const int fd = extended_fd(request.header.nodeid);
  if (fd < 0) return errno == EPERM ? sized(0, in.size, reply) : Answer{errno};
  const std::span<char> names(reinterpret_cast<char*>(reply.room().data()), kMostValue);
  const ssize_t got = ::flistxattr(fd, names.data(), names.size());
  if (got < 0) return {errno};
  std::size_t kept = 0;
  for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
    const std::string_view name(names.data() + at);
    if (is_own_attribute(name)) {
      std::memmove(names.data() + kept, name.data(), name.size() + 1);
      kept += name.size() + 1;
    }
    at += name.size() + 1;
  }
  if (in.size != 0 && kept > in.size) return {ERANGE};
  return sized(static_cast<ssize_t>(kept), in.size, reply);
}

Answer QuotaFs::remove_extended(Request& request, Reply&) {
  const std::string name = request.take_name();
  if (!is_own_attribute(name)) return {EOPNOTSUPP};
  const int fd = extended_fd(request.header.nodeid);
  if (fd < 0) return {errno};
  const uint64_t before = charge_of_attribute(fd, name);
  if (::fremovexattr(fd, name.c_str()) != 0) return {errno};
  attribute_changed(*inodes_.find(request.header.nodeid), fd, before, 0);
  return {};
}

}  // namespace clawbox::store
