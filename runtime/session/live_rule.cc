#include "session/live_rule.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/host_name.h"
#include "base/text.h"

namespace clawbox::session {
namespace {

constexpr const char* kForms =
    "write HOST, HOST:PORT, *.DOMAIN:PORT or an address, one of IPv6 in brackets before a port";

constexpr std::chrono::hours kLongest(50 * 365 * 24);  // what a clock can be asked for has an end

struct HostAndPort {
  std::string host;
  std::optional<uint16_t> port;
};

[[noreturn]] void throw_wrong(const std::string& text, const std::string& why) {
  throw Error(ExitStatus::kUsage, fmt::format("{}: {}", in_quotes(text), why), kForms);
}

uint16_t port_in(const std::string& text, std::string_view digits) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
    throw_wrong(text, "its port is no number from 1 to 65535");
  return port;
}

HostAndPort split_port(const std::string& text) {
  if (text.find("://") != std::string::npos)
    throw_wrong(text, "it is a URL: only its host and port are a matter of rules");
  const bool bracketed = text.starts_with('[');
  const std::size_t close = text.find(']');
  if (bracketed && close == std::string::npos) throw_wrong(text, "its bracket is not closed");
  const std::string host = bracketed ? text.substr(1, close - 1) : text.substr(0, text.find(':'));
  if (!bracketed && parse_ip_address(text)) return {text, {}};  // of IPv6, without brackets
  const std::size_t colon = bracketed ? close + 1 : host.size();
  if (colon >= text.size()) return {host, {}};
  if (text[colon] != ':') throw_wrong(text, "a port follows after a colon");
  return {host, port_in(text, std::string_view(text).substr(colon + 1))};
}

NetworkTarget target_of(const std::string& text, const std::string& host) {
  if (const auto prefix = parse_ip_prefix(host)) return *prefix;
  const bool below = host.starts_with("*.");
  const HostNameReading reading = read_host_name(below ? host.substr(2) : host);
  if (!reading.name) throw_wrong(text, reading.objection);
  if (*reading.name == "localhost" || is_below(*reading.name, "localhost"))
    throw_wrong(text, "inside, it is the session itself: `network.host_ports` of the profile shows ports of the host");
  if (below && reading.name->find('.') == std::string::npos)
    throw_wrong(text, "it is too wide: name a domain of two parts at least, such as *.example.org");
  if (below) return Subdomains{*reading.name};
  return ExactHost{*reading.name};
}

}  // namespace

egress::LiveRule live_rule_of(const Json& request, const NetworkAllowlist& list) {
  const auto text = request.at("host").get<std::string>();
  const HostAndPort parts = split_port(text);
  egress::LiveRule live;
  const bool denies = request.at("change") == "deny";
  live.kind = denies ? egress::LiveRule::Kind::kDeny : egress::LiveRule::Kind::kAllow;
  live.rule.target = target_of(text, parts.host);
  if (parts.port) live.rule.ports = {{*parts.port, *parts.port}};
  if (!parts.port && denies) live.rule.ports = {{1, 65535}};
  if (!parts.port && !denies) live.rule.ports = {{80, 80}, {443, 443}};
  live.rule.reason = denies ? "taken while the session runs" : "given while the session runs";
  live.lasts = std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(request.value("lasts_ms", int64_t{0})),
                                                     std::chrono::milliseconds(0), kLongest);
  const auto* prefix = std::get_if<IpPrefix>(&live.rule.target);
  if (!denies && prefix != nullptr && !prefix->is_one_address() && list.steering != NetworkAllowlist::Steering::kTproxy)
    throw Error(ExitStatus::kFeatureMissing,
                "whole prefixes cannot be allowed here: this host has no nf_tables with tproxy",
                "name a host or an address; `clawbox doctor` says what is missing");
  return live;
}

}  // namespace clawbox::session
