#include "review/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "review/links.h"
#include "sys/files.h"

namespace clawbox::review {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kLongestAttribute = 64 << 10;  // XATTR_SIZE_MAX, XATTR_LIST_MAX

void copy_by_hand(const OwnedFd& from, const OwnedFd& to, off_t at, off_t end) {
  std::vector<char> piece(kPiece);
  while (at < end) {
    const auto length = std::min(piece.size(), static_cast<std::size_t>(end - at));
    const ssize_t got = ::pread(from.get(), piece.data(), length, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading");
    if (got == 0) return;
    sys::write_all(to, {piece.data(), static_cast<std::size_t>(got)}, "a copy");
    at += got;
  }
}

/// By the kernel, which may share the blocks, where both file systems let it.
void copy_range(const OwnedFd& from, const OwnedFd& to, off_t at, off_t end) {
  if (::lseek(to.get(), at, SEEK_SET) < 0) throw_errno("seeking");
  while (at < end) {
    off_t place = at;
    const ssize_t copied =
        ::copy_file_range(from.get(), &place, to.get(), nullptr, static_cast<std::size_t>(end - at), 0);
    if (copied <= 0) return copy_by_hand(from, to, at, end);  // an error of the disk comes again there
    at += copied;
  }
}

}  // namespace

void copy_content(const OwnedFd& from, const OwnedFd& to) {
  const off_t size = sys::status_of(from).st_size;
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(from.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole is left
    if (data < 0) throw_errno("looking for data");
    const off_t hole = ::lseek(from.get(), data, SEEK_HOLE);
    if (hole < 0) throw_errno("looking for a hole");
    copy_range(from, to, data, std::min(hole, size));
    at = hole;
  }
  if (::ftruncate(to.get(), size) != 0) throw_errno("setting the length");
}

void copy_attributes(const OwnedFd& from, const OwnedFd& to) {
  std::string names(kLongestAttribute, '\0'), value(kLongestAttribute, '\0');
  const ssize_t length = ::flistxattr(from.get(), names.data(), names.size());
  if (length <= 0) return;
  names.resize(static_cast<std::size_t>(length));
  for (const std::string& name : split(names, '\0')) {
    if (!name.starts_with("user.") || name.starts_with(kOverlayAttributes)) continue;
    const ssize_t size = ::fgetxattr(from.get(), name.c_str(), value.data(), value.size());
    if (size < 0) continue;
    const int set = ::fsetxattr(to.get(), name.c_str(), value.data(), static_cast<std::size_t>(size), 0);
    if (set != 0 && errno != ENOTSUP) throw_errno("setting the attribute {}", in_quotes(name));
  }
}

void copy_times(const OwnedFd& from, const OwnedFd& to) {
  const struct stat status = sys::status_of(from);
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  if (::futimens(to.get(), times.data()) != 0) throw_errno("setting the times");
}

}  // namespace clawbox::review
