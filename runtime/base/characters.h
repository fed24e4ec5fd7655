// One character of hostile text: its UTF-8, and whether it may be shown.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace clawbox {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // in bytes; 0 where the bytes are not UTF-8
};

/// The first character of `bytes`. Overlong forms, surrogates and anything above U+10FFFF are not UTF-8 (RFC 3629).
inline Character first_character(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return {};
  char32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[i]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return {};
  return {code, length};
}

/// Characters that change what a reader sees and are not seen themselves: controls, bidirectional marks and overrides,
/// zero-width and invisible ones, line and paragraph separators, variation selectors, tags.
inline bool deceives(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr std::array<Range, 16> kRanges = {{
      {0x00, 0x1F},
      {0x7F, 0x9F},
      {0xAD, 0xAD},
      {0x34F, 0x34F},
      {0x61C, 0x61C},
      {0x115F, 0x1160},
      {0x17B4, 0x17B5},
      {0x180B, 0x180F},
      {0x200B, 0x200F},
      {0x2028, 0x202E},
      {0x2060, 0x206F},
      {0x3164, 0x3164},
      {0xFE00, 0xFE0F},
      {0xFEFF, 0xFEFF},
      {0xFFF0, 0xFFFB},
      {0xE0000, 0xE0FFF},
  }};
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [code](const Range& range) { return range.first <= code && code <= range.last; });
}

}  // namespace clawbox
