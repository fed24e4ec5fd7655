// One request of the kernel and the answer to it, as bytes: <linux/fuse.h>, Documentation/filesystems/fuse.
//
// The numbers in a request are the kernel's, the names and contents a program's. Nothing is read beyond what came.
#pragma once

#include <linux/fuse.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::store {

/// Largest READ and WRITE. Four pages of the 32 would be too few for a copy, 256 would cost each session 2 MiB.
inline constexpr uint32_t kMostData = 128 * 1024;

class Request {
 public:
  explicit Request(std::span<const std::byte> bytes) : rest_(bytes.subspan(sizeof header)) {
    std::memcpy(&header, bytes.data(), sizeof header);
  }

  fuse_in_header header;

  /// The next part of the request; zeroes where it is too short, and `broken` from then on.
  template <class Part>
  Part take() {
    Part part{};
    if (rest_.size() < sizeof part) {
      broken_ = true;
      return part;
    }
    std::memcpy(&part, rest_.data(), sizeof part);
    rest_ = rest_.subspan(sizeof part);
    return part;
  }
  /// Up to its NUL, which is taken too.
  std::string take_name() {
    const auto* text = reinterpret_cast<const char*>(rest_.data());
    const std::size_t size = ::strnlen(text, rest_.size());
    if (size == rest_.size()) broken_ = true;
    rest_ = rest_.subspan(broken_ ? size : size + 1);
    return {text, size};
  }
  std::span<const std::byte> rest() const { return rest_; }
  bool broken() const { return broken_; }

 private:
  std::span<const std::byte> rest_;
  bool broken_ = false;
};

/// An errno, or so many bytes in the reply.
struct Answer {
  int error = 0;
  std::size_t size = 0;
};

class Reply {
 public:
  Reply() : bytes_(sizeof(fuse_out_header) + kMostData) {}

  std::span<std::byte> room() { return std::span(bytes_).subspan(sizeof(fuse_out_header)); }
  template <class Part>
  Answer with(const Part& part) {
    std::memcpy(room().data(), &part, sizeof part);
    return {.size = sizeof part};
  }
  std::span<const std::byte> message(uint64_t unique, Answer answer) {
    const std::size_t size = sizeof(fuse_out_header) + (answer.error == 0 ? answer.size : 0);
    const fuse_out_header header{static_cast<uint32_t>(size), -answer.error, unique};
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::span(bytes_).first(size);
  }

 private:
  std::vector<std::byte> bytes_;
};

/// Nobody but this server changes what is below, so the kernel may keep what it was told: as long as it counts.
inline constexpr uint64_t kForever = uint64_t{365} * 24 * 3600;

fuse_attr attributes_of(const struct stat& status);

}  // namespace clawbox::store
