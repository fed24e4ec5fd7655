// One line of a list of what a session may reach.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/origin.h"

namespace clawbox {

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;

  bool contains(uint16_t port) const { return first <= port && port <= last; }
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

/// Names are canonical: base/host_name.h.
struct ExactHost {
  std::string name;
  friend auto operator<=>(const ExactHost&, const ExactHost&) = default;
};
struct Subdomains {  // "*.domain": every name below it, not the domain itself
  std::string domain;
  friend auto operator<=>(const Subdomains&, const Subdomains&) = default;
};
using NetworkTarget = std::variant<ExactHost, Subdomains, IpPrefix>;

/// What the first bytes of a TCP connection must be, for a rule about names. kAuto: on the web's ports a TLS hello or
/// an HTTP request; on the others whatever it is, but a hello or a request that comes first must name the host.
enum class Speaks : uint8_t { kAuto, kTls, kHttp, kAny };

/// "auto", "tls", "http", "any": as in a profile.
std::string_view word_for(Speaks speaks);

struct NetworkRule {
  NetworkTarget target;
  std::vector<PortRange> ports;  // ascending and apart; at least one
  bool udp = false;              // UDP too
  Speaks speaks = Speaks::kAuto;
  std::string reason;  // of the profile, given back in refusals and records
  std::string preset;  // "npm"; empty: written as a host
  Origin origin;       // of a preset's rule: the tool's own configuration file

  bool has_port(uint16_t port) const {
    return std::any_of(ports.begin(), ports.end(), [port](const PortRange& range) { return range.contains(port); });
  }
};

/// A port of the host that ends at a port of the session. TCP.
struct PortMapping {
  IpAddress address;  // of the host
  uint16_t port = 0;
  uint16_t inside = 0;

  friend auto operator<=>(const PortMapping&, const PortMapping&) = default;
};

/// "443", "8000-8010"; nothing for port 0 and a range that goes backwards.
std::optional<PortRange> parse_port_range(std::string_view text);
/// "127.0.0.1:8080:3000", "[::1]:8080:3000", "8080:3000" and "3000", the last two on 127.0.0.1.
std::optional<PortMapping> parse_port_mapping(std::string_view text);
std::string to_string(const PortMapping& mapping);

/// "*.example.org", "10.0.0.0/8"
std::string to_string(const NetworkTarget& target);
/// "80, 443, 8000-8010"
std::string to_string(const std::vector<PortRange>& ports);
/// "*.example.org:443"; several ports as "host:80,443"
std::string to_string(const NetworkRule& rule);

}  // namespace clawbox
