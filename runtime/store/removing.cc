// Names that go: unlink(2), rmdir(2), rename(2) in all its forms.
#include <fcntl.h>
#include <linux/fs.h>  // RENAME_…: older glibc has them only with _GNU_SOURCE in <stdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/quota_fs.h"

namespace clawbox::store {

// A file may be open though its last name goes: the kernel does not tell (no OPEN), so each one that it knows is kept
// by a descriptor until it forgets it, which it does at once for a file that is not open.
QuotaFs::Doomed QuotaFs::doom(const Entry& entry) {
  Doomed doomed;
  if (::fstatat(entry.fd, entry.name.c_str(), &doomed.status, AT_SYMLINK_NOFOLLOW) != 0) return {.error = errno};
  doomed.node = inodes_.with_inode(doomed.status.st_ino);
  if (doomed.node == nullptr || S_ISDIR(doomed.status.st_mode)) return doomed;
  const bool by_this_name = doomed.node->parent == entry.directory && doomed.node->name == entry.name;
  if (by_this_name && !descriptors_.pin(*doomed.node)) doomed.error = errno;
  return doomed;
}

void QuotaFs::gone(const Doomed& doomed) {
  Node* const node = doomed.node;
  const bool directory = S_ISDIR(doomed.status.st_mode);
  if (node != nullptr && directory) {
    descriptors_.close(*node);
    inodes_.remove_directory(*node);
  }
  if (node != nullptr && node->pinned) inodes_.unname(*node);
  if (!directory && doomed.status.st_nlink > 1) return one_name_fewer(doomed);
  if (node != nullptr && !directory) {
    orphan(*node);  // charged until the kernel forgets it
    return;
  }
  quota_.recharge(node != nullptr ? node->charged : charges_.of(doomed.status), 0);
  discharge_attributes(doomed.status.st_ino);
  quota_.remove_file();
}

void QuotaFs::one_name_fewer(const Doomed& doomed) {
  struct stat left = doomed.status;
  --left.st_nlink;
  if (doomed.node != nullptr) return charge(*doomed.node, left);
  quota_.recharge(charges_.of(doomed.status), charges_.of(left));
}

Answer QuotaFs::unlink(Request& request, Reply&) {
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (entry.error != 0) return {entry.error};
  const Doomed doomed = doom(entry);
  if (doomed.error != 0) return {doomed.error};
  if (::unlinkat(entry.fd, entry.name.c_str(), 0) != 0) return {errno};
  gone(doomed);
  return {};
}

Answer QuotaFs::remove_directory(Request& request, Reply&) {
  const Entry entry = entry_of(request.header.nodeid, request.take_name());
  if (entry.error != 0) return {entry.error};
  const Doomed doomed = doom(entry);
  if (doomed.error != 0) return {doomed.error};
  if (::unlinkat(entry.fd, entry.name.c_str(), AT_REMOVEDIR) != 0) return {errno};
  gone(doomed);
  return {};
}

Answer QuotaFs::rename(Request& request, Reply&) {
  const auto in = request.take<fuse_rename_in>();
  std::string name = request.take_name();
  const Entry from = entry_of(request.header.nodeid, std::move(name));
  const Entry to = entry_of(in.newdir, request.take_name());
  return renamed(from, to, 0);
}

Answer QuotaFs::rename_with_flags(Request& request, Reply&) {
  const auto in = request.take<fuse_rename2_in>();
  std::string name = request.take_name();
  const Entry from = entry_of(request.header.nodeid, std::move(name));
  const Entry to = entry_of(in.newdir, request.take_name());
  return renamed(from, to, in.flags);
}

Answer QuotaFs::renamed(const Entry& from, const Entry& to, unsigned flags) {
  if (from.error != 0 || to.error != 0) return {from.error != 0 ? from.error : to.error};
  struct stat moving {};
  if (::fstatat(from.fd, from.name.c_str(), &moving, AT_SYMLINK_NOFOLLOW) != 0) return {errno};
  const bool whiteout = (flags & RENAME_WHITEOUT) != 0;
  if (whiteout && !quota_.has_room_for_file()) return {no_room_for_file()};
  Doomed replaced;
  const bool exchange = (flags & RENAME_EXCHANGE) != 0;
  struct stat other {};
  const bool there = ::fstatat(to.fd, to.name.c_str(), &other, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there && charges_.blocks_tell_all() && !quota_.has_room_for_name()) return {refused(Refusal::kBytes)};
  const bool same = there && other.st_ino == moving.st_ino;  // two names of one file: nothing happens
  if (there && !exchange && !same) replaced = doom(to);
  if (replaced.error != 0) return {replaced.error};
  if (::renameat2(from.fd, from.name.c_str(), to.fd, to.name.c_str(), flags) != 0) return {errno};
  if (same && !exchange) return {};
  if (there && !exchange) gone(replaced);
  if (Node* const node = inodes_.with_inode(moving.st_ino)) inodes_.move(*node, *to.directory, to.name);
  if (Node* const node = exchange ? inodes_.with_inode(other.st_ino) : nullptr)
    inodes_.move(*node, *from.directory, from.name);
  if (whiteout) quota_.add_file();
  charge_directory(*from.directory);
  charge_directory(*to.directory);
  return {};
}

}  // namespace clawbox::store
