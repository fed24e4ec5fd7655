// What a directory holds: READDIR, and READDIRPLUS, which answers the look-ups that would follow along with it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/quota_fs.h"

namespace clawbox::store {
namespace {

/// linux_dirent64, which glibc keeps to itself under another name: getdents64(2).
struct HostEntry {
  const dirent64* raw;
  std::string_view name() const { return raw->d_name; }
  bool is_dots() const { return name() == "." || name() == ".."; }
};

constexpr std::size_t kPlain = offsetof(fuse_dirent, name);
constexpr std::size_t kPlus = sizeof(fuse_entry_out) + kPlain;

std::size_t padded(std::size_t size) { return FUSE_REC_ALIGN(size); }

void put(std::span<std::byte> at, const HostEntry& entry) {
  const std::string_view name = entry.name();
  const fuse_dirent head{entry.raw->d_ino, static_cast<uint64_t>(entry.raw->d_off), static_cast<uint32_t>(name.size()),
                         entry.raw->d_type};
  std::memset(at.data(), 0, at.size());
  std::memcpy(at.data(), &head, kPlain);
  std::memcpy(at.data() + kPlain, name.data(), name.size());
}

}  // namespace

// The offset is the host's own, so nothing is remembered between two requests. How many entries fit is not known ahead:
// the next request seeks to where this one ended.
Answer QuotaFs::list(Request& request, Reply& reply) {
  const auto in = request.take<fuse_read_in>();
  Node* const directory = inodes_.find(request.header.nodeid);
  if (directory == nullptr || !S_ISDIR(directory->mode)) return {ESTALE};
  const int fd = descriptors_.directory(*directory);
  if (fd < 0 || ::lseek(fd, static_cast<off_t>(in.offset), SEEK_SET) < 0) return {errno};
  const bool plus = request.header.opcode == FUSE_READDIRPLUS;
  const std::size_t head = plus ? kPlus : kPlain;
  const std::span<std::byte> room = reply.room().first(std::min<std::size_t>(in.size, kMostData));
  listing_.resize(std::max<std::size_t>(room.size() / (plus ? 4 : 1), 1024));
  const long got = ::syscall(SYS_getdents64, fd, listing_.data(), listing_.size());
  if (got < 0) return {errno};
  std::size_t used = 0;
  for (long at = 0; at < got;) {
    const HostEntry entry{reinterpret_cast<const dirent64*>(listing_.data() + at)};
    at += entry.raw->d_reclen;
    const std::size_t size = padded(head + entry.name().size());
    if (used + size > room.size()) break;
    const std::span<std::byte> place = room.subspan(used, size);
    put(place.subspan(head - kPlain), entry);
    if (plus) {
      const fuse_entry_out found = known_entry(*directory, fd, entry.name());
      std::memcpy(place.data(), &found, sizeof found);
    }
    used += size;
  }
  return {.size = used};
}

// All zero: "look it up yourself"; so it is for "." and "..", of which the kernel wants no reference to be counted.
fuse_entry_out QuotaFs::known_entry(Node& directory, int fd, std::string_view name) {
  struct stat status {};
  const std::string text(name);
  if (text == "." || text == ".." || ::fstatat(fd, text.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  Node& node = inodes_.look_up(status, directory, name);
  charge(node, status);
  return entry_out(node, status);
}

}  // namespace clawbox::store
