// Which addresses may be dialled, whatever name they were found under. Pure.
//
// Refused: what a living session's `deny` names, everything but public unicast addresses, and the host's own, or what
// may be its own where the kernel cannot tell. A rule of the profile that names an address or a prefix lifts that for
// its addresses and ports; metadata services stay refused unless a rule names the one address, loopback unless one
// names an address or a prefix of loopback alone. The rules are asked for the address as dialled: an IPv6 address that
// embeds an IPv4 one (NAT64, 6to4, Teredo, v4-mapped) must be named as the IPv6 address that it is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "egress/rules.h"

namespace clawbox::egress {

class Reachable {
 public:
  /// Whether an address is one of the host itself; nothing where that cannot be told. Asked anew each time: addresses
  /// come and go.
  using IsOwn = std::function<std::optional<bool>(const IpAddress&)>;
  explicit Reachable(IsOwn is_own) : is_own_(std::move(is_own)) {}

  /// Why `address` is not dialled, as words with the remedy, or nothing: "10.0.0.5 is a private address; …".
  std::optional<std::string> objection(const IpAddress& address, uint16_t port, Transport transport,
                                       const Rules& rules) const;

 private:
  IsOwn is_own_;
};

}  // namespace clawbox::egress
