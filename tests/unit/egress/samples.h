// Messages as programs send them, built from their parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::egress::samples {

inline std::string number(std::size_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}
/// With its length before it.
inline std::string block(unsigned bytes, const std::string& content) { return number(content.size(), bytes) + content; }

inline std::string wire_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out += block(1, std::string(label));
    name.remove_prefix(label.size() == name.size() ? label.size() : label.size() + 1);
  }
  return out + '\0';
}

enum class Edns { kNone, kPlain };
inline std::string query(std::string_view name, uint16_t type, Edns edns = Edns::kPlain, uint16_t flags = 0x0100) {
  const std::string header =
      number(0x1234, 2) + number(flags, 2) + number(1, 2) + number(0, 4) + number(edns == Edns::kPlain ? 1 : 0, 2);
  const std::string opt = number(0, 1) + number(41, 2) + number(1232, 2) + number(0, 4) + number(0, 2);
  return header + wire_name(name) + number(type, 2) + number(1, 2) + (edns == Edns::kPlain ? opt : "");
}

inline std::string extension(uint16_t type, const std::string& body) { return number(type, 2) + block(2, body); }
inline std::string server_name(const std::string& name) {
  return extension(0, block(2, number(0, 1) + block(2, name)));
}
inline std::string alpn(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) list += block(1, protocol);
  return extension(16, block(2, list));
}
inline std::string ech() { return extension(0xfe0d, std::string(64, 'e')); }

/// The handshake message.
inline std::string hello(const std::string& extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + block(1, std::string(32, 's')) +
                           block(2, "\x13\x01\x13\x02") + block(1, std::string(1, '\0')) + block(2, extensions);
  return "\x01" + block(3, body);
}
/// Cut into records of `size` bytes.
inline std::string records(std::string_view handshake, std::size_t size = 16384) {
  std::string out;
  for (std::size_t at = 0; at < handshake.size(); at += size)
    out += "\x16\x03\x01" + block(2, std::string(handshake.substr(at, size)));
  return out;
}
inline std::string hello_to(const std::string& name) {
  return records(hello(server_name(name) + alpn({"h2", "http/1.1"}) + extension(43, "\x02\x03\x04")));
}

}  // namespace clawbox::egress::samples
