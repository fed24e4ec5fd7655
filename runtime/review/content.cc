#include "review/content.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <vector>

namespace clawbox::review {
namespace {

constexpr std::size_t kPiece = 64 << 10;

/// At most `length` bytes from `at`, fewer only at the end; -1 where they cannot be read.
ssize_t read_at(const OwnedFd& file, char* buffer, std::size_t length, uint64_t at) {
  std::size_t got = 0;
  while (got < length) {
    const ssize_t count = ::pread(file.get(), buffer + got, length - got, static_cast<off_t>(at + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(got);
}

}  // namespace

bool same_content(const OwnedFd& left, const OwnedFd& right, uint64_t size) {
  if (!left || !right) return false;
  std::vector<char> one(kPiece), other(kPiece);
  for (uint64_t at = 0; at < size;) {
    const auto length = static_cast<std::size_t>(std::min<uint64_t>(kPiece, size - at));
    const auto expected = static_cast<ssize_t>(length);
    if (read_at(left, one.data(), length, at) != expected || read_at(right, other.data(), length, at) != expected)
      return false;
    if (!std::equal(one.begin(), one.begin() + expected, other.begin())) return false;
    at += length;
  }
  return true;
}

std::optional<uint64_t> beginning_of(const OwnedFd& file) {
  std::vector<char> bytes(kPiece);
  const ssize_t length = file ? read_at(file, bytes.data(), bytes.size(), 0) : -1;
  if (length < 0) return std::nullopt;
  return std::hash<std::string_view>()({bytes.data(), static_cast<std::size_t>(length)});
}

std::optional<std::string> whole(const OwnedFd& file, std::size_t limit) {
  std::string bytes;
  std::vector<char> piece(kPiece);
  while (file) {
    const ssize_t length = read_at(file, piece.data(), piece.size(), bytes.size());
    if (length < 0) return std::nullopt;
    bytes.append(piece.data(), static_cast<std::size_t>(length));
    if (bytes.size() > limit) return std::nullopt;
    if (length < static_cast<ssize_t>(piece.size())) return bytes;
  }
  return std::nullopt;
}

}  // namespace clawbox::review
