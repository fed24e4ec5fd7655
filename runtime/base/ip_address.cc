#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace clawbox {
namespace {

constexpr std::size_t kLongestText = 63;  // an address and a length with room to spare; inet_pton(3) wants a C string

struct Special4 {
  uint32_t network;
  unsigned length;
  AddressKind kind;
};
// The first that fits decides. IANA IPv4 Special-Purpose Address Registry, and addresses of clouds.
constexpr std::array<Special4, 22> kSpecial4 = {{
    {0xa9fea9fe, 32, AddressKind::kMetadata},  // 169.254.169.254: most clouds
    {0xa9feaa02, 32, AddressKind::kMetadata},  // 169.254.170.2: credentials of containers
    {0xa9feaa17, 32, AddressKind::kMetadata},  // 169.254.170.23: of pods
    {0xa9fe2a2a, 32, AddressKind::kMetadata},  // 169.254.42.42
    {0xa83f8110, 32, AddressKind::kMetadata},  // 168.63.129.16: public by its range, answers from the host below
    {0x646464c8, 32, AddressKind::kMetadata},  // 100.100.100.200
    {0xc00000c0, 32, AddressKind::kMetadata},  // 192.0.0.192
    {0x00000000, 8, AddressKind::kUnspecified}, {0x0a000000, 8, AddressKind::kPrivate},
    {0x64400000, 10, AddressKind::kPrivate},    {0x7f000000, 8, AddressKind::kLoopback},
    {0xa9fe0000, 16, AddressKind::kLinkLocal},  {0xac100000, 12, AddressKind::kPrivate},
    {0xc0a80000, 16, AddressKind::kPrivate},    {0xc0000000, 24, AddressKind::kReserved},
    {0xc0000200, 24, AddressKind::kReserved},   {0xc0586300, 24, AddressKind::kReserved},
    {0xc6120000, 15, AddressKind::kReserved},   {0xc6336400, 24, AddressKind::kReserved},
    {0xcb007100, 24, AddressKind::kReserved},   {0xe0000000, 4, AddressKind::kMulticast},
    {0xffffffff, 32, AddressKind::kBroadcast},
}};

struct Special6 {
  std::array<uint8_t, 16> network;
  unsigned length;
  AddressKind kind;
};
// IANA IPv6 Special-Purpose Address Registry. What is left and not of 2000::/3 is reserved.
constexpr std::array<Special6, 13> kSpecial6 = {{
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, AddressKind::kMetadata},
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x23}, 128, AddressKind::kMetadata},
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, AddressKind::kMetadata},
    {{0xfd, 0x00, 0x00, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x42}, 128, AddressKind::kMetadata},
    {{}, 128, AddressKind::kUnspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressKind::kLoopback},
    {{0xfc}, 7, AddressKind::kPrivate},
    {{0xfe, 0xc0}, 10, AddressKind::kPrivate},
    {{0xfe, 0x80}, 10, AddressKind::kLinkLocal},
    {{0xff}, 8, AddressKind::kMulticast},
    {{0x20, 0x01}, 23, AddressKind::kReserved},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressKind::kReserved},
    {{0x3f, 0xff}, 20, AddressKind::kReserved},
}};

bool same_beginning(std::span<const uint8_t> a, std::span<const uint8_t> b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xFFU << (8 - bits % 8) & 0xFFU;
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

bool has_bits_beyond(const IpAddress& address, unsigned length) {
  const auto bytes = address.bytes();
  for (unsigned bit = length; bit < bytes.size() * 8; ++bit)
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

AddressKind kind_of_v4(uint32_t bits) {
  for (const Special4& special : kSpecial4)
    if (((bits ^ special.network) >> (32 - special.length)) == 0) return special.kind;
  return bits >= 0xf0000000 ? AddressKind::kReserved : AddressKind::kPublic;
}

AddressKind kind_of_v6(const IpAddress& address) {
  const auto bytes = address.bytes();
  for (const Special6& special : kSpecial6) {
    const bool protocols = special.length == 23;  // Teredo lies within
    if (protocols && embedded_v4(address)) return AddressKind::kTranslated;
    if (same_beginning(bytes, special.network, special.length)) return special.kind;
  }
  if (embedded_v4(address)) return AddressKind::kTranslated;
  return (bytes[0] & 0xE0) == 0x20 ? AddressKind::kPublic : AddressKind::kReserved;
}

}  // namespace

IpAddress IpAddress::v4(uint32_t bits) {
  IpAddress address;
  for (unsigned i = 0; i < 4; ++i) address.bytes_[i] = static_cast<uint8_t>(bits >> (24 - 8 * i));
  return address;
}

IpAddress IpAddress::v4(std::span<const uint8_t, 4> bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(std::span<const uint8_t, 16> bytes) {
  IpAddress address;
  address.family_ = Family::kV6;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

uint32_t IpAddress::bits() const {
  return uint32_t{bytes_[0]} << 24 | uint32_t{bytes_[1]} << 16 | uint32_t{bytes_[2]} << 8 | bytes_[3];
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.size() > kLongestText || text.find('\0') != std::string_view::npos) return {};
  const std::string word(text);
  std::array<uint8_t, 4> four{};
  if (::inet_pton(AF_INET, word.c_str(), four.data()) == 1) return IpAddress::v4(four);
  std::array<uint8_t, 16> sixteen{};
  if (::inet_pton(AF_INET6, word.c_str(), sixteen.data()) == 1) return IpAddress::v6(sixteen);
  return {};
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes().data(), text.data(), text.size());
  return text.data();
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.family() == address.family() && same_beginning(address.bytes(), other.bytes(), length);
}

std::optional<IpPrefix> parse_ip_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) return {};
  const unsigned most = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return IpPrefix{*address, most};

  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size() || length > most) return {};
  if (has_bits_beyond(*address, length)) return {};
  return IpPrefix{*address, length};
}

std::string to_string(const IpPrefix& prefix) {
  const std::string address = to_string(prefix.address);
  return prefix.is_one_address() ? address : address + "/" + std::to_string(prefix.length);
}

std::optional<IpAddress> embedded_v4(const IpAddress& address) {
  if (address.is_v4()) return {};
  const auto b = address.bytes();
  const auto at = [&](std::size_t i) { return IpAddress::v4(std::span<const uint8_t, 4>(b.data() + i, 4)); };
  const auto begins = [&](std::initializer_list<uint8_t> bytes) {
    return std::equal(bytes.begin(), bytes.end(), b.begin());
  };
  const auto zeros = [&](std::size_t from, std::size_t to) {
    return std::all_of(b.begin() + static_cast<long>(from), b.begin() + static_cast<long>(to),
                       [](uint8_t byte) { return byte == 0; });
  };
  if (zeros(0, 8)) {
    if (zeros(8, 10) && b[10] == 0xff && b[11] == 0xff) return at(12);  // ::ffff:0:0/96
    if (b[8] == 0xff && b[9] == 0xff && zeros(10, 12)) return at(12);   // ::ffff:0:0:0/96, RFC 2765
    if (zeros(8, 12) && at(12).bits() > 1) return at(12);               // ::/96
  }
  if (begins({0x00, 0x64, 0xff, 0x9b})) return at(12);  // NAT64, and 64:ff9b:1::/48, the local ones
  if (begins({0x20, 0x02})) return at(2);
  if (begins({0x20, 0x01, 0x00, 0x00})) return IpAddress::v4(~at(12).bits());  // Teredo: the client's, inverted
  if ((b[8] & ~0x03) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe) return at(12);  // ISATAP, RFC 5214
  return {};
}

AddressKind kind_of(const IpAddress& address) {
  return address.is_v4() ? kind_of_v4(address.bits()) : kind_of_v6(address);
}

std::string_view words_for(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPublic:
      return "a public address";
    case AddressKind::kUnspecified:
      return "the address of no host";
    case AddressKind::kLoopback:
      return "a loopback address";
    case AddressKind::kPrivate:
      return "a private address";
    case AddressKind::kLinkLocal:
      return "a link-local address";
    case AddressKind::kMetadata:
      return "the address of a cloud's metadata service";
    case AddressKind::kMulticast:
      return "a multicast address";
    case AddressKind::kBroadcast:
      return "the broadcast address";
    case AddressKind::kReserved:
      return "a reserved address";
    case AddressKind::kTranslated:
      return "an IPv6 address that stands for an IPv4 one";
  }
  return "";
}

}  // namespace clawbox
