#include "plan/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/host_name.h"
#include "base/text.h"

namespace clawbox::plan {
namespace {

struct Preset {
  std::string_view name;
  Urls (*urls)(const ToolFiles&);
  const char* remedy;
};
constexpr std::array<Preset, 6> kPresets = {{
    {"npm", npm_urls, "set `registry` in ~/.npmrc: npm config set registry URL --location=user"},
    {"pip", pip_urls, "set `index-url` in pip's configuration: pip config --user set global.index-url URL"},
    {"cargo", cargo_urls, "set [source.crates-io] `replace-with` or [registries.NAME] `index` in ~/.cargo/config.toml"},
    {"go", go_urls, "set GOPROXY: go env -w GOPROXY=URL"},
    {"apt", apt_urls, "name a mirror in /etc/apt/sources.list or /etc/apt/sources.list.d"},
    {"git", git_urls, ""},
}};

struct Scheme {
  std::string_view name;
  uint16_t port;
};
constexpr std::array<Scheme, 9> kSchemes = {{{"https", 443},
                                             {"http", 80},
                                             {"ssh", 22},
                                             {"git", 9418},
                                             {"git+ssh", 22},
                                             {"git+https", 443},
                                             {"sparse+https", 443},
                                             {"sparse+http", 80},
                                             {"registry+https", 443}}};

std::optional<uint16_t> port_of(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0 ? std::optional(port) : std::nullopt;
}

std::optional<NetworkTarget> target_of(std::string_view host) {
  if (const auto address = parse_ip_address(host)) return IpPrefix{*address, address->is_v4() ? 32U : 128U};
  HostNameReading read = read_host_name(host);
  if (!read.name) return {};
  return ExactHost{std::move(*read.name)};
}

std::optional<UrlHost> host_of_authority(std::string_view authority, uint16_t usual) {
  authority = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
  const bool brackets = authority.starts_with('[');
  const std::size_t end = brackets ? authority.find(']') : authority.find(':');
  if (brackets && end == std::string_view::npos) return {};
  const std::string_view host = brackets ? authority.substr(1, end - 1) : authority.substr(0, end);
  const std::string_view rest = end == std::string_view::npos ? "" : authority.substr(brackets ? end + 1 : end);
  const auto target = target_of(host);
  const auto port = rest.empty() || rest == ":" ? std::optional(usual)
                                                : (rest.starts_with(':') ? port_of(rest.substr(1)) : std::nullopt);
  if (!target || !port) return {};
  return UrlHost{*target, *port};
}

NetworkRule rule_of(const profile::NetworkWish& wish, const UrlHost& host, const Origin& origin) {
  NetworkRule rule;
  rule.target = host.target;
  rule.ports = {{host.port, host.port}};
  rule.reason = wish.reason;
  rule.preset = wish.preset;
  rule.origin = origin;
  return rule;
}

bool has(const std::vector<NetworkRule>& rules, const NetworkRule& rule) {
  return std::any_of(rules.begin(), rules.end(), [&](const NetworkRule& other) {
    return other.target == rule.target && other.ports == rule.ports;
  });
}

constexpr std::size_t kMostToRead = 32;  // more than a repository has remotes, and each is told

// The remotes are the workspace's wherever its `.git` leads.
bool is_of_workspace(const profile::NetworkWish& wish, const ToolFiles& tool, const std::string& file) {
  if (wish.preset == "git") return true;
  const auto real = file.starts_with('/') && !tool.workspace.empty() ? tool.files.real_path(file) : std::nullopt;
  return real && real->starts_with(tool.workspace + "/");
}

bool may_open(const NetworkTarget& target, bool of_workspace) {
  const auto* prefix = std::get_if<IpPrefix>(&target);
  if (prefix == nullptr) return !is_loopback(target);
  return !of_workspace && kind_of(prefix->address) == AddressKind::kPublic;
}

void add(PresetRules& result, NetworkRule rule, bool of_workspace) {
  if (!may_open(rule.target, of_workspace)) {
    if (!has(result.left_out, rule)) result.left_out.push_back(std::move(rule));
    return;
  }
  if (has(result.rules, rule)) return;
  result.resolved.sources.push_back({to_string(rule), rule.origin.file, rule.origin.line});
  if (of_workspace) result.of_workspace.push_back(rule);
  result.rules.push_back(std::move(rule));
}

void refuse_crowd(const PresetRules& result) {
  if (result.of_workspace.size() + result.left_out.size() <= kMostToRead) return;
  const NetworkRule& first = result.of_workspace.empty() ? result.left_out.front() : result.of_workspace.front();
  throw Error(ExitStatus::kProfileInvalid,
              fmt::format("{}: the preset {} finds more than {} hosts and addresses in {} that somebody should look at",
                          to_string(result.resolved.origin), in_quotes(result.resolved.name), kMostToRead,
                          in_quotes(first.origin.file)),
              "name the right ones in network.allow in place of the preset");
}

}  // namespace

std::optional<std::string> ToolFiles::variable(std::string_view name) const {
  for (const auto& [key, value] : host.environment)
    if (key == name) return value;
  return {};
}

std::string ToolFiles::config_home() const {
  const auto set = variable("XDG_CONFIG_HOME");
  return set && set->starts_with('/') ? *set : host.home + "/.config";
}

std::optional<std::string> ToolFiles::text(const std::string& path) const {
  const auto real = files.real_path(path);
  if (!real) return {};
  if (is_writable(*real))
    throw Error(ExitStatus::kProfileInvalid,
                fmt::format("a preset of network.allow would read {}, which the session can write", in_quotes(*real)),
                "make it read-only for the session (files.protect_add), or name the hosts in place of the preset");
  return files.text_of(*real);
}

std::vector<ToolFiles::Line> ToolFiles::lines(const std::string& path) const {
  std::vector<Line> lines;
  const auto whole = text(path);
  if (!whole) return lines;
  int number = 0;
  for (const std::string& line : split(*whole, '\n')) {
    ++number;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    lines.push_back({line.substr(first, line.find_last_not_of(" \t\r") - first + 1), number, first > 0});
  }
  return lines;
}

std::optional<UrlHost> host_of(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos) return {};
  const auto* scheme = std::find_if(kSchemes.begin(), kSchemes.end(),
                                    [&](const Scheme& known) { return known.name == url.substr(0, end); });
  if (scheme == kSchemes.end()) return {};
  const std::string_view rest = url.substr(end + 3);
  return host_of_authority(rest.substr(0, rest.find_first_of("/?#")), scheme->port);
}

PresetRules resolve_preset(const profile::NetworkWish& wish, const ToolFiles& tool) {
  const auto* preset =
      std::find_if(kPresets.begin(), kPresets.end(), [&](const Preset& one) { return one.name == wish.preset; });
  PresetRules result;
  result.resolved.name = wish.preset;
  result.resolved.origin = wish.origin;
  for (const ConfiguredUrl& configured : preset->urls(tool)) {
    const auto host = host_of(configured.url);
    if (!host) continue;
    add(result, rule_of(wish, *host, configured.origin), is_of_workspace(wish, tool, configured.origin.file));
    refuse_crowd(result);
  }
  const bool is_empty = result.rules.empty() && result.left_out.empty();
  if (is_empty && !wish.optional && wish.preset != "git")
    throw Error(ExitStatus::kProfileInvalid,
                fmt::format("{}: the preset {} finds no host: {} is not configured for one", to_string(wish.origin),
                            in_quotes(wish.preset), wish.preset),
                fmt::format("{}; or name the host in network.allow", preset->remedy));
  return result;
}

}  // namespace clawbox::plan
