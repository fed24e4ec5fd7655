// Trails, read back: streaming, with memory that does not grow with the trail.
//
// A trail lies outside of the sandbox, but a reader is also used on one that somebody changed: nothing here trusts what
// it reads. What is wrong with a file is a value that the reader of it tells, never an exception: the next file is
// still read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::audit {

/// The bytes of a segment, whether it is compressed or not.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes into `into`; 0 at the end, or where the file is damaged. More may come later in a living trail.
  virtual std::size_t read(char* into, std::size_t size) = 0;
  /// What is wrong with the file, or empty.
  virtual const std::string& damage() const = 0;
  /// Tells a trail that was rotated from one that only grew.
  virtual uint64_t inode() const = 0;
};

/// A plain segment, or one that ends in ".zst". Throws SysError where it cannot be opened; symlinks are not followed.
std::unique_ptr<ByteSource> open_segment(const OwnedFd& directory, const std::string& name);

struct Line {
  std::string_view text;  // without its newline; valid until the next call
  uint64_t number = 0;    // from 1, in this segment
  bool too_long = false;  // more than kLongestLine: `text` is empty
};

/// An exec record holds 128 KiB of words at most, of which each byte can take five.
inline constexpr std::size_t kLongestLine = 4 << 20;

class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteSource> source);

  /// Nothing at the end; in a living trail, ask again later.
  std::optional<Line> next();
  /// Bytes after the last newline: a line that a crash cut off, or one that is being written.
  std::size_t unfinished_bytes() const { return end_ - begin_; }
  uint64_t lines() const { return lines_; }
  const std::string& damage() const { return source_->damage(); }
  uint64_t inode() const { return source_->inode(); }

 private:
  std::optional<Line> take_line();
  bool fill();

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, searched_ = 0;  // [begin_, searched_) has no newline
  uint64_t lines_ = 0;
  bool skipping_ = false;  // the rest of a line that is too long
};

}  // namespace clawbox::audit
