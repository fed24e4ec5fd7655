#include "audit/reader.h"

#include <algorithm>
#include <cstring>

namespace clawbox::audit {
namespace {

constexpr std::size_t kBufferSize = 512 << 10;  // stays in the cache of one core

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), buffer_(kBufferSize) {}

std::optional<Line> LineReader::next() {
  while (true) {
    if (const auto line = take_line()) return line;
    if (!fill()) return std::nullopt;
  }
}

std::optional<Line> LineReader::take_line() {
  const void* newline = std::memchr(buffer_.data() + searched_, '\n', end_ - searched_);
  if (newline == nullptr) {
    searched_ = end_;
    return std::nullopt;
  }
  const auto at = static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data());
  const std::string_view text(buffer_.data() + begin_, at - begin_);
  begin_ = searched_ = at + 1;
  ++lines_;
  if (!std::exchange(skipping_, false)) return Line{.text = text, .number = lines_};
  return Line{.number = lines_, .too_long = true};
}

/// False at the end of what is there.
bool LineReader::fill() {
  if (end_ - begin_ > kLongestLine || (skipping_ && end_ > begin_)) {
    skipping_ = true;
    begin_ = end_ = searched_ = 0;
  }
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const std::size_t count = source_->read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += count;
  return count > 0;
}

}  // namespace clawbox::audit
