#include "profile/scan.h"

#include <fmt/format.h>

#include <cstdint>

namespace clawbox::profile {
namespace {

// The length of the well-formed sequence at the front, 0 where there is none (RFC 3629: shortest form, no surrogates).
std::size_t utf8_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

// Follows TOML's strings and comments, since dots and brackets inside them mean nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Scan scan() {
    std::optional<ScanMistake> mistake = first_mistake();
    if (!comment_) keep_until_here();
    return {std::move(mistake), std::move(kept_)};
  }

 private:
  std::optional<ScanMistake> first_mistake() {
    while (at_ < text_.size()) {
      const std::size_t length = utf8_length(text_.substr(at_));
      if (length == 0) return here(fmt::format("is not UTF-8: byte 0x{:02x}", static_cast<uint8_t>(text_[at_])));
      if (text_[at_] == '\0') return here("holds a NUL byte");
      if (auto what = step(text_[at_])) return here(std::move(*what));
      at_ += length;
      ++column_;
    }
    return {};
  }

  ScanMistake here(std::string what) const { return {line_, column_, std::move(what)}; }
  bool triple_at(char quote) const { return text_.substr(at_, 3) == std::string(3, quote); }

  std::optional<std::string> step(char c) {
    if (c == '\n') return next_line(), std::nullopt;
    if (comment_) return {};
    if (quote_ != 0) return in_string(c), std::nullopt;
    return outside_string(c);
  }

  void keep_until_here() { kept_ += text_.substr(kept_from_, at_ - kept_from_); }

  void next_line() {
    if (comment_) kept_from_ = at_;
    ++line_;
    column_ = 0;
    comment_ = false;
    escape_ = false;
    dots_ = 0;
    if (!triple_) quote_ = 0;  // a string that is not closed on its line is the parser's to report
  }

  void skip_two_more() {
    at_ += 2;
    column_ += 2;
  }

  void in_string(char c) {
    if (escape_) {
      escape_ = false;
    } else if (c == '\\' && quote_ == '"') {
      escape_ = true;
    } else if (c == quote_ && !triple_) {
      quote_ = 0;
    } else if (c == quote_ && triple_at(c)) {
      skip_two_more();
      // Up to two quotes may stand right before the closing three.
      while (at_ + 1 < text_.size() && text_[at_ + 1] == c) ++at_, ++column_;
      quote_ = 0;
      triple_ = false;
    }
  }

  std::optional<std::string> outside_string(char c) {
    if (c == '#') {
      keep_until_here();
      comment_ = true;
    }
    if (c == '"' || c == '\'') {
      quote_ = c;
      triple_ = triple_at(c);
      if (triple_) skip_two_more();
    }
    if (c == ',' || c == '=') dots_ = 0;
    if (c == '.' && ++dots_ >= kMaxKeyParts) return fmt::format("a key of more than {} parts", kMaxKeyParts);
    if ((c == '[' || c == '{') && ++nesting_ > kMaxNesting)
      return fmt::format("brackets nested more than {} deep", kMaxNesting);
    if (c == ']' || c == '}') --nesting_;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
  char quote_ = 0;  // 0: outside of strings
  bool triple_ = false;
  bool escape_ = false;
  bool comment_ = false;
  int dots_ = 0;
  int nesting_ = 0;
  std::string kept_;
  std::size_t kept_from_ = 0;
};

}  // namespace

Scan scan(std::string_view text) { return Scanner(text).scan(); }

}  // namespace clawbox::profile
