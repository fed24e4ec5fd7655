// network.mode = "allowlist": everything that the helper will be told.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/host_name.h"
#include "base/text.h"
#include "plan/presets.h"
#include "plan/seen.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

// RFC 2544's range, which no host of the internet has, and a unique local prefix (RFC 4193) drawn at random.
constexpr const char* kSynthetic4 = "198.18.0.0/15";
constexpr const char* kSynthetic6 = "fdc1:a3b0:c1a0:1::/64";
constexpr PortRange kHttp{80, 80}, kHttps{443, 443};

// Whether some place inside shows this file of the host and lets it be written.
bool can_write(const std::vector<MountStep>& mounts, const std::string& path) {
  return std::any_of(mounts.begin(), mounts.end(), [&](const MountStep& step) {
    const auto* bind = std::get_if<Bind>(&step.action);
    if (bind == nullptr || bind->access != Access::kReadWrite) return false;
    if (path != bind->source && !path.starts_with(bind->source + "/")) return false;
    const Seen there = seen(mounts, bind->target + path.substr(bind->source.size()));
    return there.write == Seen::Write::kPossible && there.host_path == path;
  });
}

NetworkRule rule_of(const profile::NetworkWish& wish) {
  NetworkRule rule;
  rule.target = *wish.target;
  rule.ports = wish.ports.empty() ? std::vector{kHttp, kHttps} : wish.ports;
  rule.udp = wish.udp;
  rule.speaks = wish.speaks;
  rule.reason = wish.reason;
  rule.origin = wish.origin;
  return rule;
}

void add_rules(const Inputs& inputs, const ToolFiles& tool, Chosen<NetworkAllowlist>& chosen) {
  std::vector<PresetRules> presets;
  for (const profile::NetworkWish& wish : inputs.profile.network.allow) {
    if (wish.target) {
      chosen.value.rules.push_back(rule_of(wish));
      continue;
    }
    PresetRules preset = resolve_preset(wish, tool);
    if (preset.rules.empty() && preset.left_out.empty())
      chosen.absent.push_back({"preset " + wish.preset, "the tool's configuration names no host", wish.origin});
    std::copy(preset.rules.begin(), preset.rules.end(), std::back_inserter(chosen.value.rules));
    chosen.value.presets.push_back(preset.resolved);
    presets.push_back(std::move(preset));
  }
  for (const PresetRules& preset : presets)
    for (Shortfall& doubt : doubts_about(preset, chosen.value)) chosen.shortfalls.push_back(std::move(doubt));
}

// What a rule may do that its writer may not have thought of.
void note_wide_rules(Chosen<NetworkAllowlist>& chosen) {
  for (const NetworkRule& rule : chosen.value.rules) {
    const auto* prefix = std::get_if<IpPrefix>(&rule.target);
    if (prefix == nullptr || prefix->length >= (prefix->address.is_v4() ? 8U : 16U)) continue;
    chosen.shortfalls.push_back({fmt::format("network.allow {} is wide", to_string(rule.target)),
                                 "programs that dial an address themselves reach all of it, without a name",
                                 "name hosts", rule.origin, Shortfall::Weight::kLoud});
  }
}

void add_ports(const profile::Profile::Network& wish, NetworkAllowlist& list) {
  for (const auto& mapping : wish.publish)
    list.publish.push_back({mapping.value.address, mapping.value.port, mapping.value.inside, mapping.origin});
  for (const auto& port : wish.host_ports) list.host_ports.push_back(port);
}

void refuse_port_twice(const NetworkAllowlist& list) {
  for (auto a = list.publish.begin(); a != list.publish.end(); ++a)
    for (auto b = list.publish.begin(); b != a; ++b)
      if (a->port == b->port && a->address == b->address)
        throw Error(ExitStatus::kProfileInvalid,
                    fmt::format("{}: port {} of {} is published twice ({})", to_string(a->origin), a->port,
                                to_string(a->address), to_string(b->origin)),
                    "leave one of them out");
}

template <class T>
T value_or(const std::optional<Decided<T>>& wish, T otherwise) {
  return wish ? wish->value : otherwise;
}

void add_limits(const profile::Profile::Network& wish, NetworkAllowlist& list) {
  list.bytes = wish.bytes;
  if (wish.connections) list.connections = *wish.connections;
  list.total_connections = wish.total_connections;
  list.names.length = value_or(wish.name_length, list.names.length);
  list.names.count = value_or(wish.names, list.names.count);
  list.names.per_minute = value_or(wish.name_rate, list.names.per_minute);
}

std::optional<std::pair<std::string, std::string>> proxy_variable(const ToolFiles& tool) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (auto value = tool.variable(name); value && !value->empty()) return std::pair{std::string(name), *value};
  return {};
}

std::vector<std::string> no_proxy(const ToolFiles& tool) {
  std::vector<std::string> names;
  const auto lower = tool.variable("no_proxy");
  std::string list = lower ? *lower : tool.variable("NO_PROXY").value_or("");
  std::replace(list.begin(), list.end(), ' ', ',');
  for (std::string word : split(list, ',')) {
    if (word.starts_with("*.")) word.erase(0, 2);
    if (word.starts_with('.')) word.erase(0, 1);
    const auto prefix = parse_ip_prefix(word);
    const auto name = canonical_host_name(word.substr(0, word.find(':')));
    if (word == "*" || prefix)
      names.push_back(prefix ? to_string(*prefix) : word);
    else if (name)
      names.push_back(*name);
  }
  return names;
}

std::optional<char> byte_of(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || digits.size() != 2 || end != digits.data() + 2) return {};
  return static_cast<char>(value);
}

// RFC 3986 2.1: "%40" is '@'. A sign that is none of that stays, as with curl.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? byte_of(text.substr(i + 1, 2)) : std::nullopt;
    decoded += byte.value_or(text[i]);
    if (byte) i += 2;
  }
  return decoded;
}

// Ours is the CONNECT of HTTP/1 in the clear; a proxy of another kind would silently be gone round.
void add_upstream(const ToolFiles& tool, Chosen<NetworkAllowlist>& chosen) {
  const auto variable = proxy_variable(tool);
  if (!variable) return;
  const auto& [name, value] = *variable;
  const std::string url = value.find("://") == std::string::npos ? "http://" + value : value;
  const auto host = url.starts_with("http://") ? host_of(url) : std::nullopt;
  if (!host) {
    chosen.shortfalls.push_back({"the caller's proxy is not used", fmt::format("{} names no HTTP proxy", name),
                                 "http://HOST:PORT, or unset it", kByHost, Shortfall::Weight::kUsual});
    return;
  }
  UpstreamProxy proxy;
  const std::string_view authority = std::string_view(url).substr(7, url.find('/', 7) - 7);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
    proxy.credentials = percent_decoded(authority.substr(0, at));
  proxy.host = to_string(host->target);
  proxy.port = host->port;
  proxy.no_proxy = no_proxy(tool);
  proxy.origin = kByHost;
  proxy.variable = name;
  chosen.value.upstream = std::move(proxy);
}

/// How connections find the relay here, and what that costs.
void choose_steering(const Host& host, Chosen<NetworkAllowlist>& chosen) {
  if (host.no_tproxy.empty()) return;
  chosen.value.steering = NetworkAllowlist::Steering::kAnyIp;
  chosen.shortfalls.push_back({"addresses by prefix cannot be reached, and refused packets are not recorded",
                               fmt::format("no nf_tables with tproxy here: {}", host.no_tproxy),
                               "sudo modprobe -a nf_tables nft_tproxy nft_reject_inet nft_log nfnetlink_log", kByHost,
                               Shortfall::Weight::kUsual});
}

/// Without tproxy nobody could tell for whom a datagram was: it is refused.
void note_udp(Chosen<NetworkAllowlist>& chosen) {
  if (chosen.value.steering == NetworkAllowlist::Steering::kTproxy) return;
  for (const NetworkRule& rule : chosen.value.rules)
    if (rule.udp)
      chosen.shortfalls.push_back({fmt::format("no UDP to {}", to_string(rule.target)),
                                   "it needs nf_tables with tproxy", "leave out udp = true", rule.origin,
                                   Shortfall::Weight::kUsual});
  for (NetworkRule& rule : chosen.value.rules) rule.udp = false;
}

}  // namespace

Chosen<NetworkAllowlist> choose_allowlist(const Inputs& inputs, const Workspace& workspace,
                                          const std::vector<MountStep>& mounts) {
  const auto& wish = inputs.profile.network;
  const ToolFiles tool{inputs.host, inputs.files, workspace.host,
                       [&mounts](const std::string& path) { return can_write(mounts, path); }};
  Chosen<NetworkAllowlist> chosen;
  NetworkAllowlist& list = chosen.value;
  list.synthetic = {*parse_ip_prefix(kSynthetic4), *parse_ip_prefix(kSynthetic6)};
  list.ech = wish.ech.value == profile::EchPolicy::kAllow ? Ech::kAllow : Ech::kRefuse;
  add_ports(wish, list);
  add_rules(inputs, tool, chosen);
  note_wide_rules(chosen);
  refuse_port_twice(list);
  add_limits(wish, list);
  add_upstream(tool, chosen);
  choose_steering(inputs.host, chosen);
  note_udp(chosen);
  return chosen;
}

}  // namespace clawbox::plan
