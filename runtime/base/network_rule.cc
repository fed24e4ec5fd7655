#include "base/network_rule.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.h"

namespace clawbox {
namespace {

struct Text {
  std::string operator()(const ExactHost& host) const { return host.name; }
  std::string operator()(const Subdomains& below) const { return "*." + below.domain; }
  std::string operator()(const IpPrefix& prefix) const { return to_string(prefix); }
};

std::string listed(const std::vector<PortRange>& ports, std::string_view between) {
  std::vector<std::string> words;
  words.reserve(ports.size());
  for (const PortRange& range : ports)
    words.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  return joined(words, between);
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return {};
  return port;
}

struct AddressAndRest {
  std::optional<IpAddress> address;
  std::string_view rest;
};

// What stands before the ports of a mapping: an IPv4 address, an IPv6 one in brackets, or nothing.
AddressAndRest split_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find("]:");
    if (end == std::string_view::npos) return {};
    const auto address = parse_ip_address(text.substr(1, end - 1));
    return {address && !address->is_v4() ? address : std::nullopt, text.substr(end + 2)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) == std::string_view::npos)
    return {IpAddress::v4(0x7f000001), text};
  const auto address = parse_ip_address(text.substr(0, colon));
  return {address && address->is_v4() ? address : std::nullopt, text.substr(colon + 1)};
}

}  // namespace

std::string_view word_for(Speaks speaks) {
  constexpr std::array<std::string_view, 4> kWords = {"auto", "tls", "http", "any"};
  return kWords[static_cast<std::size_t>(speaks)];
}

std::optional<PortRange> parse_port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) return {};
  return PortRange{*first, *last};
}

std::optional<PortMapping> parse_port_mapping(std::string_view text) {
  const AddressAndRest parts = split_address(text);
  const std::size_t colon = parts.rest.find(':');
  const auto port = parse_port(parts.rest.substr(0, colon));
  const auto inside = colon == std::string_view::npos ? port : parse_port(parts.rest.substr(colon + 1));
  if (!parts.address || !port || !inside) return {};
  return PortMapping{*parts.address, *port, *inside};
}

std::string to_string(const PortMapping& mapping) {
  const std::string address = to_string(mapping.address);
  return fmt::format("{}:{}:{}", mapping.address.is_v4() ? address : "[" + address + "]", mapping.port, mapping.inside);
}

std::string to_string(const NetworkTarget& target) { return std::visit(Text{}, target); }

std::string to_string(const std::vector<PortRange>& ports) { return listed(ports, ", "); }

std::string to_string(const NetworkRule& rule) {
  const auto* prefix = std::get_if<IpPrefix>(&rule.target);
  const bool brackets = prefix != nullptr && !prefix->address.is_v4();
  const std::string target = to_string(rule.target);
  return fmt::format("{}:{}", brackets ? "[" + target + "]" : target, listed(rule.ports, ","));
}

}  // namespace clawbox
