#include "audit/hostile.h"

#include <algorithm>

#include "base/characters.h"

namespace clawbox::audit {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7F; }

/// How many bytes at the start of `bytes` form a character that may stand as it is; 0 if none does.
std::size_t plain_length(std::string_view bytes) {
  if (is_printable_ascii(bytes[0])) return 1;
  const Character character = first_character(bytes);
  return deceives(character.code) ? 0 : character.length;
}

/// How many bytes at the start must be escaped together: a deceiving character whole, or one byte that is no UTF-8.
std::size_t hidden_length(std::string_view bytes) { return std::max<std::size_t>(first_character(bytes).length, 1); }

std::size_t plain_prefix(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t length = plain_length(bytes.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::string escaped_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  while (!bytes.empty()) {
    const std::size_t plain = plain_length(bytes);
    const std::size_t length = plain > 0 ? plain : hidden_length(bytes);
    if (bytes[0] == '\\') out += '\\';
    if (plain > 0) out += bytes.substr(0, plain);
    for (const char c : bytes.substr(0, plain > 0 ? 0 : length)) {
      const auto byte = static_cast<unsigned char>(c);
      const char escape[] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      out.append(escape, sizeof escape);
    }
    bytes.remove_prefix(length);
  }
  return out;
}

/// The byte of "\xHH" at the start of `text`, written in lower case as `escaped_text` does.
std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 4 || text[1] != 'x') return std::nullopt;
  const std::size_t high = kDigits.find(text[2]), low = kDigits.find(text[3]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<char>(high << 4 | low);
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const bool two = text.starts_with("\\\\");
    const bool one = text[0] != '\\';
    const auto byte = one || two ? std::optional(text[0]) : escaped_byte(text);
    if (!byte) return std::nullopt;
    bytes += *byte;
    text.remove_prefix(one ? 1 : two ? 2 : 4);
  }
  return bytes;
}

}  // namespace

Json hostile(std::string_view bytes) {
  if (plain_prefix(bytes) == bytes.size()) return std::string(bytes);
  Json value;
  value["escaped"] = escaped_text(bytes);
  return value;
}

std::optional<std::string> original_bytes(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (!value.is_object() || value.size() != 1 || !value.contains("escaped")) return std::nullopt;
  const Json& text = value["escaped"];
  if (!text.is_string()) return std::nullopt;
  return unescaped(text.get_ref<const std::string&>());
}

}  // namespace clawbox::audit
