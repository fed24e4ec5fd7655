// IPv4 and IPv6 addresses and prefixes as values: RFC 791, RFC 4291, text as in RFC 5952.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace clawbox {

/// Without port and zone. A v4-mapped IPv6 address (::ffff:1.2.3.4) is an IPv6 address: see `embedded_v4`.
class IpAddress {
 public:
  enum class Family : uint8_t { kV4, kV6 };

  IpAddress() = default;               // 0.0.0.0
  static IpAddress v4(uint32_t bits);  // host's byte order: 0x7f000001 is 127.0.0.1
  static IpAddress v4(std::span<const uint8_t, 4> bytes);
  static IpAddress v6(std::span<const uint8_t, 16> bytes);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kV4; }
  /// 4 or 16 bytes in network order.
  std::span<const uint8_t> bytes() const { return {bytes_.data(), is_v4() ? 4U : 16U}; }
  uint32_t bits() const;  // of an IPv4 address, in the host's byte order

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;  // NOLINT(modernize-use-nullptr)

 private:
  Family family_ = Family::kV4;
  std::array<uint8_t, 16> bytes_{};
};

/// Dotted quads of four decimal numbers, and IPv6 as inet_pton(3) reads it; no brackets, no zone, no octal forms.
std::optional<IpAddress> parse_ip_address(std::string_view text);
std::string to_string(const IpAddress& address);

struct IpPrefix {
  IpAddress address;  // bits beyond `length` are 0
  unsigned length = 0;

  bool contains(const IpAddress& other) const;  // never of the other family
  bool is_one_address() const { return length == (address.is_v4() ? 32U : 128U); }

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

/// "10.0.0.0/8", or one address. Nothing where bits beyond the length are set ("10.1.0.0/8"): such a thing was not
/// meant.
std::optional<IpPrefix> parse_ip_prefix(std::string_view text);
std::string to_string(const IpPrefix& prefix);  // one address without its length

/// The IPv4 address that a packet to this IPv6 address would end at, or may: v4-mapped and v4-compatible, NAT64
/// (64:ff9b::/96), 6to4 (2002::/16), Teredo (2001::/32, the client's), ISATAP identifiers.
std::optional<IpAddress> embedded_v4(const IpAddress& address);

/// What an address is for, by the registries of special addresses (RFC 6890 and what came after). A v6 address that
/// embeds a v4 one is `kTranslated`, whatever is embedded.
enum class AddressKind : uint8_t {
  kPublic,
  kUnspecified,  // 0.0.0.0/8, ::
  kLoopback,
  kPrivate,    // RFC 1918, 100.64/10, fc00::/7, site-local
  kLinkLocal,  // 169.254/16, fe80::/10
  kMetadata,   // of a cloud's machines: credentials for the asking
  kMulticast,
  kBroadcast,
  kReserved,  // documentation, benchmarks (198.18/15), 240/4, what is not unicast of 2000::/3
  kTranslated,
};
AddressKind kind_of(const IpAddress& address);
/// "a private address"
std::string_view words_for(AddressKind kind);

}  // namespace clawbox
