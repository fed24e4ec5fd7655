// What a preset did that a person may want to know, or did not do.
#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.h"
#include "plan/presets.h"

namespace clawbox::plan {
namespace {

// A preset's rule has one port.
uint16_t port_of(const NetworkRule& rule) { return rule.ports.front().first; }

bool holds(const NetworkTarget& wide, const NetworkTarget& narrow) {
  if (wide == narrow) return true;
  const auto* name = std::get_if<ExactHost>(&narrow);
  const auto* domain = std::get_if<Subdomains>(&wide);
  if (name != nullptr && domain != nullptr) return is_below(name->name, domain->domain);
  const auto* one = std::get_if<IpPrefix>(&narrow);
  const auto* prefix = std::get_if<IpPrefix>(&wide);
  return one != nullptr && prefix != nullptr && prefix->contains(one->address);
}

// By a line that somebody wrote into a profile.
bool is_written(const NetworkRule& rule, const NetworkAllowlist& list) {
  const auto says_so = [&](const NetworkRule& other) {
    return other.preset.empty() && other.has_port(port_of(rule)) && holds(other.target, rule.target);
  };
  const auto is_port = [&](const Decided<uint16_t>& port) { return port.value == port_of(rule); };
  if (is_loopback(rule.target)) return std::any_of(list.host_ports.begin(), list.host_ports.end(), is_port);
  return std::any_of(list.rules.begin(), list.rules.end(), says_so);
}

std::string in_file(const NetworkRule& rule) { return fmt::format("{} ({})", to_string(rule), to_string(rule.origin)); }

Shortfall opened(const NetworkRule& rule) {
  return {fmt::format("the preset {} opens {}", rule.preset, in_file(rule)),
          "an earlier session that could write the workspace may have chosen this host",
          fmt::format("{{ host = '{}', ports = [{}] }} in network.allow, once you know that it is the right one",
                      to_string(rule.target), port_of(rule)),
          rule.origin, Shortfall::Weight::kUsual};
}

std::string remedy_for(const NetworkRule& rule) {
  if (is_loopback(rule.target)) return fmt::format("network.host_ports = [{}]", port_of(rule));
  const AddressKind kind = kind_of(std::get<IpPrefix>(rule.target).address);
  if (kind == AddressKind::kMetadata)
    return "look who wrote it there: such a service hands out this machine's credentials";
  if (kind == AddressKind::kUnspecified || kind == AddressKind::kMulticast || kind == AddressKind::kBroadcast)
    return "configure the tool for a host";
  return fmt::format("{{ address = '{}', ports = [{}] }} in network.allow", to_string(rule.target), port_of(rule));
}

std::string why_not(const NetworkRule& rule) {
  if (is_loopback(rule.target)) return "a session's loopback is its own, and this host's is open to no preset";
  const AddressKind kind = kind_of(std::get<IpPrefix>(rule.target).address);
  if (kind == AddressKind::kPublic) return "what is written in a workspace opens no addresses";
  return fmt::format("it is {}, and a preset opens names and public addresses", words_for(kind));
}

Shortfall not_opened(const NetworkRule& rule) {
  return {fmt::format("the preset {} does not open {}", rule.preset, in_file(rule)), why_not(rule), remedy_for(rule),
          rule.origin, Shortfall::Weight::kUsual};
}

}  // namespace

bool is_loopback(const NetworkTarget& target) {
  if (const auto* name = std::get_if<ExactHost>(&target))
    return name->name == "localhost" || is_below(name->name, "localhost");  // RFC 6761, 6.3
  const auto* prefix = std::get_if<IpPrefix>(&target);
  return prefix != nullptr && kind_of(prefix->address) == AddressKind::kLoopback;
}

std::vector<Shortfall> doubts_about(const PresetRules& preset, const NetworkAllowlist& list) {
  std::vector<Shortfall> doubts;
  for (const NetworkRule& rule : preset.of_workspace)
    if (!is_written(rule, list)) doubts.push_back(opened(rule));
  for (const NetworkRule& rule : preset.left_out)
    if (!is_written(rule, list)) doubts.push_back(not_opened(rule));
  return doubts;
}

}  // namespace clawbox::plan
