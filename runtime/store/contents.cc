// What files hold: reading, writing, allocating, holes.
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "store/quota_fs.h"

namespace clawbox::store {
namespace {

constexpr uint64_t kMostOffset = std::numeric_limits<off_t>::max();

constexpr std::size_t kExtents = 32;

/// A fiemap(2) request and the room for what it finds, which follows it.
class Extents {
 public:
  /// False where the file system cannot tell.
  bool ask(int fd, uint64_t offset, uint64_t size) {
    map().fm_start = offset;
    map().fm_length = size;
    map().fm_flags = 0;
    map().fm_extent_count = kExtents;
    return ::ioctl(fd, FS_IOC_FIEMAP, bytes_) == 0;
  }
  std::span<const fiemap_extent> found() {
    return {reinterpret_cast<const fiemap_extent*>(bytes_ + sizeof(fiemap)), map().fm_mapped_extents};
  }

 private:
  fiemap& map() { return *reinterpret_cast<fiemap*>(bytes_); }

  alignas(fiemap) std::byte bytes_[sizeof(fiemap) + kExtents * sizeof(fiemap_extent)] = {};
};

/// How much of a file in [offset, end) lies in blocks that it has already: allocated and not written counts, which
/// SEEK_DATA takes for a hole. 0 where the file system cannot tell; `enough` ends the search.
uint64_t allocated_in(int fd, uint64_t offset, uint64_t end, uint64_t enough) {
  uint64_t sum = 0;
  Extents extents;
  while (offset < end && extents.ask(fd, offset, end - offset) && !extents.found().empty())
    for (const fiemap_extent& one : extents.found()) {
      const uint64_t first = std::max<uint64_t>(one.fe_logical, offset);
      const uint64_t last = std::min<uint64_t>(one.fe_logical + one.fe_length, end);
      if (first < last) sum += last - first;
      offset = std::max(offset, last);
      if ((one.fe_flags & FIEMAP_EXTENT_LAST) != 0 || sum >= enough) return sum;
    }
  return sum;
}

}  // namespace

// How much of [offset, offset + size) may be written: all of it if the blocks that are not there yet fit. Near the cap
/// the kernel is asked which are, so that in a full store what exists can still be overwritten.
uint64_t QuotaFs::room_in(int fd, uint64_t offset, uint64_t size) {
  const uint64_t left = quota_.bytes_left() / block_ * block_;
  const uint64_t first = offset / block_ * block_, end = (offset + size + block_ - 1) / block_ * block_;
  if (end - first <= left) return size;
  const uint64_t allocated = allocated_in(fd, first, end, end - first - left);
  if (end - first <= left + allocated) return size;
  refused(Refusal::kBytes);
  return first + left > offset ? first + left - offset : 0;
}

Answer QuotaFs::read(Request& request, Reply& reply) {
  const auto in = request.take<fuse_read_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr || in.size > kMostData) return {node == nullptr ? ESTALE : EINVAL};
  const int fd = descriptors_.file(*node, Node::Opened::kRead);
  if (fd < 0) return {errno};
  const ssize_t got = ::pread(fd, reply.room().data(), in.size, static_cast<off_t>(in.offset));
  if (got < 0) return {errno};
  return {.size = static_cast<std::size_t>(got)};
}

// Pages of a mapping come with FUSE_WRITE_CACHE, and the kernel takes a short answer to them for a whole one.
Answer QuotaFs::write(Request& request, Reply& reply) {
  const auto in = request.take<fuse_write_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr || in.size > request.rest().size() || in.offset > kMostOffset - in.size) return {EINVAL};
  const int fd = descriptors_.file(*node, Node::Opened::kReadWrite);
  if (fd < 0) return {errno};
  const uint64_t size = room_in(fd, in.offset, in.size);
  const bool all_or_nothing = (in.write_flags & FUSE_WRITE_CACHE) != 0;
  if (size == 0 ? in.size > 0 : size < in.size && all_or_nothing) return {ENOSPC};
  const ssize_t wrote = ::pwrite(fd, request.rest().data(), size, static_cast<off_t>(in.offset));
  const int error = errno;
  struct stat status {};
  if (::fstat(fd, &status) == 0) charge(*node, status);  // also after an error: part of it may be there
  if (wrote < 0) return {error};
  return reply.with(fuse_write_out{.size = static_cast<uint32_t>(wrote)});
}

// A hole takes at most the blocks of an extent tree; all else may take the whole range.
Answer QuotaFs::allocate(Request& request, Reply&) {
  const auto in = request.take<fuse_fallocate_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr || in.length > kMostOffset || in.offset > kMostOffset - in.length) return {EFBIG};
  const int fd = descriptors_.file(*node, Node::Opened::kReadWrite);
  if (fd < 0) return {errno};
  const bool takes_room = (in.mode & FALLOC_FL_PUNCH_HOLE) == 0;
  if (takes_room && room_in(fd, in.offset, in.length) < in.length) return {ENOSPC};
  const int failed =
      ::fallocate(fd, static_cast<int>(in.mode), static_cast<off_t>(in.offset), static_cast<off_t>(in.length));
  const int error = errno;
  struct stat status {};
  if (::fstat(fd, &status) == 0) charge(*node, status);
  return {failed != 0 ? error : 0};
}

Answer QuotaFs::seek(Request& request, Reply& reply) {
  const auto in = request.take<fuse_lseek_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr) return {ESTALE};
  const int fd = descriptors_.file(*node, Node::Opened::kRead);
  if (fd < 0) return {errno};
  if (in.whence != SEEK_DATA && in.whence != SEEK_HOLE) return {EINVAL};
  const off_t found = ::lseek(fd, static_cast<off_t>(in.offset), static_cast<int>(in.whence));
  if (found < 0) return {errno};
  return reply.with(fuse_lseek_out{static_cast<uint64_t>(found)});
}

Answer QuotaFs::sync(Request& request, Reply&) {
  const auto in = request.take<fuse_fsync_in>();
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr) return {ESTALE};
  const int fd = S_ISDIR(node->mode) ? descriptors_.directory(*node) : descriptors_.file(*node, Node::Opened::kRead);
  if (fd < 0) return {errno};
  const bool data_only = (in.fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
  return {(data_only ? ::fdatasync(fd) : ::fsync(fd)) != 0 ? errno : 0};
}

Answer QuotaFs::read_link(Request& request, Reply& reply) {
  Node* const node = inodes_.find(request.header.nodeid);
  if (node == nullptr) return {ESTALE};
  const int fd = node->fd ? node->fd.get() : descriptors_.directory(*node->parent);
  if (fd < 0) return {errno};
  const std::span<std::byte> room = reply.room().first(4096);
  const char* name = node->fd ? "" : node->name.c_str();
  const ssize_t got = ::readlinkat(fd, name, reinterpret_cast<char*>(room.data()), room.size());
  if (got < 0) return {errno};
  return {.size = static_cast<std::size_t>(got)};
}

}  // namespace clawbox::store
