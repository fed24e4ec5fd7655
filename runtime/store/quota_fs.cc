#include "store/quota_fs.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "store/names.h"
#include "sys/files.h"

namespace clawbox::store {
namespace {

uint64_t block_of(int root) {
  struct statfs host {};
  return ::fstatfs(root, &host) == 0 ? std::max<uint64_t>(4096, static_cast<uint64_t>(host.f_bsize)) : 4096;
}

}  // namespace

QuotaFs::QuotaFs(OwnedFd root, OwnedFd proc, Quota quota, Charges charges)
    : quota_(quota),
      charges_(charges),
      inodes_(sys::status_of(root), charges),
      descriptors_(std::move(root), std::move(proc)),
      uid_(::geteuid()),
      gid_(::getegid()) {
  block_ = block_of(descriptors_.root());
}

QuotaFs::Operation QuotaFs::operation_of(uint32_t opcode) {
  switch (opcode) {
    case FUSE_LOOKUP:
      return &QuotaFs::look_up;
    case FUSE_GETATTR:
      return &QuotaFs::get_attributes;
    case FUSE_SETATTR:
      return &QuotaFs::set_attributes;
    case FUSE_STATFS:
      return &QuotaFs::statistics;
    case FUSE_MKNOD:
      return &QuotaFs::make_node;
    case FUSE_MKDIR:
      return &QuotaFs::make_directory;
    case FUSE_SYMLINK:
      return &QuotaFs::make_symlink;
    case FUSE_TMPFILE:
      return &QuotaFs::make_unnamed;
    case FUSE_LINK:
      return &QuotaFs::make_link;
    case FUSE_UNLINK:
      return &QuotaFs::unlink;
    case FUSE_RMDIR:
      return &QuotaFs::remove_directory;
    case FUSE_RENAME:
      return &QuotaFs::rename;
    case FUSE_RENAME2:
      return &QuotaFs::rename_with_flags;
    case FUSE_READ:
      return &QuotaFs::read;
    case FUSE_WRITE:
      return &QuotaFs::write;
    case FUSE_FALLOCATE:
      return &QuotaFs::allocate;
    case FUSE_LSEEK:
      return &QuotaFs::seek;
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
      return &QuotaFs::sync;
    case FUSE_READLINK:
      return &QuotaFs::read_link;
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      return &QuotaFs::list;
    case FUSE_SETXATTR:
      return &QuotaFs::set_extended;
    case FUSE_GETXATTR:
      return &QuotaFs::get_extended;
    case FUSE_LISTXATTR:
      return &QuotaFs::list_extended;
    case FUSE_REMOVEXATTR:
      return &QuotaFs::remove_extended;
    default:
      return nullptr;
  }
}

Answer QuotaFs::answer(Request& request, Reply& reply) {
  if (request.header.opcode == FUSE_RELEASE) return {};  // of a file that TMPFILE opened
  const Operation operation = operation_of(request.header.opcode);
  return operation == nullptr ? Answer{.error = ENOSYS} : (this->*operation)(request, reply);
}

QuotaFs::Entry QuotaFs::entry_of(uint64_t directory, std::string name) {
  Node* const node = inodes_.find(directory);
  if (node == nullptr) return {.error = ESTALE};
  if (!S_ISDIR(node->mode)) return {.error = ENOTDIR};
  if (name.size() > 255) return {.error = ENAMETOOLONG};
  if (!is_entry_name(name)) return {.error = EINVAL};
  const int fd = descriptors_.directory(*node);
  if (fd < 0) return {.error = errno};
  return {node, fd, std::move(name)};
}

fuse_entry_out QuotaFs::entry_out(const Node& node, const struct stat& status) const {
  fuse_entry_out out{};
  out.nodeid = node.id;
  out.generation = node.generation;
  out.entry_valid = out.attr_valid = kForever;
  out.attr = attributes_of(status);
  return out;
}

void QuotaFs::charge(Node& node, const struct stat& status) {
  const uint64_t bytes = charges_.of(status);
  if (bytes == node.charged) return;
  quota_.recharge(node.charged, bytes);
  node.charged = bytes;
}

void QuotaFs::charge_directory(Node& directory) {
  struct stat status {};
  const int fd = descriptors_.directory(directory);
  if (fd >= 0 && ::fstat(fd, &status) == 0) charge(directory, status);
}

/// The file is gone, and another may get its number.
void QuotaFs::discharge_attributes(uint64_t inode) {
  const auto found = attributes_.find(inode);
  if (found == attributes_.end()) return;
  quota_.recharge(found->second, 0);
  attributes_.erase(found);
}

int QuotaFs::refused(Refusal refusal) {
  if (refusal_ == Refusal::kNone) refusal_ = refusal;
  return ENOSPC;
}

int QuotaFs::no_room_for_file() { return refused(quota_.has_room_for_name() ? Refusal::kFiles : Refusal::kBytes); }

void QuotaFs::forget(uint64_t id, uint64_t count) {
  Node* const node = inodes_.find(id);
  if (node != nullptr) inodes_.forget(*node, count, [this](Node& leaving) { leave(leaving); });
}

void QuotaFs::orphan(Node& node) {
  node.life = Node::Life::kOrphan;
  ++orphans_;
}

// An orphan takes its blocks with it only now.
void QuotaFs::leave(Node& node) {
  if (node.life == Node::Life::kOrphan) {
    quota_.recharge(node.charged, 0);
    discharge_attributes(node.inode);
    quota_.remove_file();
    --orphans_;
  }
  descriptors_.close(node);
}

}  // namespace clawbox::store
