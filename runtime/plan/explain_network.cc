#include "plan/explain_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "plan/explain.h"

namespace clawbox::plan {
namespace {

std::string rule_why(const NetworkRule& rule) {
  std::vector<std::string> parts;
  if (!rule.preset.empty()) parts.push_back("preset " + rule.preset);
  if (!rule.reason.empty()) parts.push_back(rule.reason);
  return joined(parts, ", ");
}

std::string rule_words(const NetworkRule& rule) {
  std::string text = to_string(rule);
  if (rule.udp) text += ", UDP too";
  if (rule.speaks != Speaks::kAuto) text += fmt::format(", speaks {}", word_for(rule.speaks));
  return text;
}

bool has_wildcard(const NetworkAllowlist& list) {
  return std::any_of(list.rules.begin(), list.rules.end(),
                     [](const NetworkRule& rule) { return std::holds_alternative<Subdomains>(rule.target); });
}

const char* steering_name(NetworkAllowlist::Steering steering) {
  return steering == NetworkAllowlist::Steering::kTproxy ? "tproxy" : "anyip";
}

void add_rules(const NetworkAllowlist& list, std::vector<NetworkLine>& lines) {
  for (const NetworkRule& rule : list.rules)
    lines.push_back({"allowed", rule_words(rule), rule.origin, rule_why(rule)});
  if (list.rules.empty()) lines.push_back({"allowed", "nothing", {"default", 0}, "the list is empty"});
  for (const ResolvedPreset& preset : list.presets)
    if (preset.sources.empty()) lines.push_back({"preset", preset.name + ": no host", preset.origin, ""});
}

void add_ports(const NetworkAllowlist& list, std::vector<NetworkLine>& lines) {
  for (const PublishedPort& port : list.publish)
    lines.push_back({"published", to_string(PortMapping{port.address, port.port, port.inside}), port.origin,
                     "a port of the host, and where it ends inside"});
  for (const auto& port : list.host_ports)
    lines.push_back({"host port", std::to_string(port.value), port.origin, "of the host's 127.0.0.1"});
}

void add_limits(const NetworkAllowlist& list, std::vector<NetworkLine>& lines) {
  if (list.bytes)
    lines.push_back({"bytes", size_text(list.bytes->value), list.bytes->origin, "of all connections, both ways"});
  lines.push_back({"at once", fmt::format("{} connections", list.connections.value), list.connections.origin, ""});
  if (list.total_connections)
    lines.push_back(
        {"in all", fmt::format("{} connections", list.total_connections->value), list.total_connections->origin, ""});
  if (has_wildcard(list))
    lines.push_back(
        {"names",
         fmt::format("{} letters, {} in all, {} a minute", list.names.length, list.names.count, list.names.per_minute),
         {"default", 0},
         "below wildcards; network.name_length, names, name_rate"});
}

// A proxy on this host reaches what the relay never would: the host's own loopback, by a name that it alone knows.
std::string upstream_why(const UpstreamProxy& proxy) {
  const auto address = parse_ip_address(proxy.host);
  const bool is_own = proxy.host == "localhost" || (address && kind_of(*address) == AddressKind::kLoopback);
  return fmt::format(
      "the caller's {}{}", proxy.variable,
      is_own ? ", on this host: names that only it can look up may lead it to this host's services" : "");
}

Json rule_json(const NetworkRule& rule) {
  Json ports = Json::array();
  for (const PortRange& range : rule.ports) ports.push_back({{"first", range.first}, {"last", range.last}});
  return {{"target", to_string(rule.target)}, {"ports", ports},        {"udp", rule.udp},
          {"speaks", word_for(rule.speaks)},  {"preset", rule.preset}, {"reason", rule.reason},
          {"origin", to_string(rule.origin)}};
}

Json preset_json(const ResolvedPreset& preset) {
  Json sources = Json::array();
  for (const auto& source : preset.sources)
    sources.push_back({{"host", source.host}, {"origin", to_string(Origin{source.file, source.line})}});
  return {{"name", preset.name}, {"sources", sources}, {"origin", to_string(preset.origin)}};
}

template <class T>
Json decided_json(const std::optional<Decided<T>>& value) {
  if (!value) return nullptr;
  return {{"value", value->value}, {"origin", to_string(value->origin)}};
}

Json upstream_json(const std::optional<UpstreamProxy>& proxy) {
  if (!proxy) return nullptr;
  return {{"host", proxy->host}, {"port", proxy->port}, {"no_proxy", proxy->no_proxy}, {"variable", proxy->variable}};
}

template <class List, class Function>
Json array_of(const List& list, const Function& json_of) {
  Json array = Json::array();
  for (const auto& one : list) array.push_back(json_of(one));
  return array;
}

Json published_json(const PublishedPort& port) {
  return {{"address", to_string(port.address)},
          {"port", port.port},
          {"inside", port.inside},
          {"origin", to_string(port.origin)}};
}
Json host_port_json(const Decided<uint16_t>& port) {
  return {{"port", port.value}, {"origin", to_string(port.origin)}};
}

}  // namespace

const char* network_words(Network::Mode mode) {
  if (mode == Network::Mode::kHost) return "THE HOST'S OWN";
  return network_mode_name(mode);
}

const char* network_mode_name(Network::Mode mode) {
  if (mode == Network::Mode::kHost) return "host";
  return mode == Network::Mode::kAllowlist ? "allowlist" : "none";
}

std::vector<NetworkLine> network_lines(const NetworkAllowlist& list) {
  std::vector<NetworkLine> lines;
  add_rules(list, lines);
  add_ports(list, lines);
  add_limits(list, lines);
  lines.push_back(
      {"hidden name", list.ech == Ech::kRefuse ? "refused" : "allowed", {"default", 0}, "TLS with ECH; network.ech"});
  lines.push_back({"steering", steering_name(list.steering), {"host", 0}, "how connections find the relay"});
  if (list.upstream)
    lines.push_back({"upstream", fmt::format("{}:{}", list.upstream->host, list.upstream->port), list.upstream->origin,
                     upstream_why(*list.upstream)});
  return lines;
}

Json network_json(const Network& network) {
  Json json = {{"mode", network_mode_name(network.mode)}, {"origin", to_string(network.origin)}};
  if (!network.allowlist) return json;
  const NetworkAllowlist& list = *network.allowlist;
  json["rules"] = array_of(list.rules, rule_json);
  json["presets"] = array_of(list.presets, preset_json);
  json["ech"] = list.ech == Ech::kRefuse ? "refuse" : "allow";
  json["publish"] = array_of(list.publish, published_json);
  json["host_ports"] = array_of(list.host_ports, host_port_json);
  json["names"] = {{"length", list.names.length}, {"count", list.names.count}, {"per_minute", list.names.per_minute}};
  json["bytes"] = decided_json(list.bytes);
  json["connections"] = decided_json(std::optional(list.connections));
  json["total_connections"] = decided_json(list.total_connections);
  json["upstream"] = upstream_json(list.upstream);
  json["synthetic"] = {to_string(list.synthetic.v4), to_string(list.synthetic.v6)};
  json["steering"] = steering_name(list.steering);
  return json;
}

}  // namespace clawbox::plan
