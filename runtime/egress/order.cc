#include "egress/order.h"

namespace clawbox::egress {
namespace {

Json target_json(const NetworkTarget& target) {
  if (const auto* host = std::get_if<ExactHost>(&target)) return {{"host", host->name}};
  if (const auto* below = std::get_if<Subdomains>(&target)) return {{"below", below->domain}};
  return {{"prefix", to_string(std::get<IpPrefix>(target))}};
}

NetworkTarget target_in(const Json& json) {
  if (json.contains("host")) return ExactHost{json.at("host").get<std::string>()};
  if (json.contains("below")) return Subdomains{json.at("below").get<std::string>()};
  return parse_ip_prefix(json.at("prefix").get<std::string>()).value();
}

}  // namespace

Json as_json(const LiveRule& rule) {
  Json ports = Json::array();
  for (const PortRange& range : rule.rule.ports) ports.push_back({range.first, range.last});
  return {{"deny", rule.kind == LiveRule::Kind::kDeny},
          {"target", target_json(rule.rule.target)},
          {"ports", ports},
          {"reason", rule.rule.reason},
          {"lasts_ms", rule.lasts.count()}};
}

LiveRule live_rule_in(const Json& json) {
  LiveRule rule;
  rule.kind = json.at("deny").get<bool>() ? LiveRule::Kind::kDeny : LiveRule::Kind::kAllow;
  rule.rule.target = target_in(json.at("target"));
  for (const Json& range : json.at("ports")) rule.rule.ports.push_back({range.at(0), range.at(1)});
  rule.rule.reason = json.at("reason").get<std::string>();
  rule.rule.origin = {"clawbox network", 0};
  rule.lasts = std::chrono::milliseconds(json.at("lasts_ms").get<int64_t>());
  return rule;
}

}  // namespace clawbox::egress
