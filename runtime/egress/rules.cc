#include "egress/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.h"
#include "base/text.h"

namespace clawbox::egress {
namespace {

constexpr std::size_t kNamesCompared =
    256;  // for the near match: the names come from the sandbox, as often as it likes

// How well a target fits a name: 0 not at all; an exact name above every domain, a longer domain above a shorter one.
struct Fit {
  std::string_view host;
  std::size_t operator()(const ExactHost& exact) const { return exact.name == host ? kMaxHostName + 1 : 0; }
  std::size_t operator()(const Subdomains& below) const {
    return is_below(host, below.domain) ? below.domain.size() : 0;
  }
  std::size_t operator()(const IpPrefix&) const { return 0; }
};

struct AddressFit {
  const IpAddress& address;
  std::size_t operator()(const ExactHost&) const { return 0; }
  std::size_t operator()(const Subdomains&) const { return 0; }
  std::size_t operator()(const IpPrefix& prefix) const { return prefix.contains(address) ? prefix.length + 1U : 0; }
};

bool fits(const NetworkRule& rule, uint16_t port, Transport transport) {
  return rule.has_port(port) && (transport == Transport::kTcp || rule.udp);
}

std::string with_origin(const NetworkRule& rule) {
  const std::string reason = rule.reason.empty() ? "" : fmt::format(", {}", in_quotes(rule.reason));
  return fmt::format("{} ({}{})", to_string(rule), to_string(rule.origin), reason);
}

// The rule that fits best among those of the list, and whether its port and transport fit too.
template <class Measure>
RulePtr best(const std::vector<RulePtr>& rules, const Measure& measure, const auto& suits) {
  RulePtr found;
  std::size_t fit = 0;
  for (const RulePtr& rule : rules) {
    const std::size_t now = std::visit(measure, rule->target);
    if (now <= fit || !suits(*rule)) continue;
    found = rule;
    fit = now;
  }
  return found;
}

std::string name_without_star(const NetworkRule& rule) {
  const std::string text = to_string(rule.target);
  return text.starts_with("*.") ? text.substr(2) : text;
}

RulePtr nearest(const std::vector<RulePtr>& rules, const std::string& asked) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(rules.size(), kNamesCompared); ++i)
    names.push_back(name_without_star(*rules[i]));
  for (std::size_t i = 0; i < names.size(); ++i)  // the domain itself beside its names, or a name below an exact one
    if (names[i] == asked || is_below(asked, names[i])) return rules[i];
  const auto near = nearest_name(asked, names);
  if (!near) return {};
  return rules[static_cast<std::size_t>(std::find(names.begin(), names.end(), *near) - names.begin())];
}

Verdict not_named(const std::vector<RulePtr>& rules, const std::string& asked) {
  Verdict verdict;
  verdict.why =
      rules.empty() ? "the list of allowed hosts is empty" : fmt::format("no rule names {}", in_quotes(asked));
  verdict.rule = nearest(rules, asked);
  if (verdict.rule) verdict.why += fmt::format("; near it: {}", with_origin(*verdict.rule));
  return verdict;
}

Verdict wrong_port(const RulePtr& rule, const std::string& asked, uint16_t port) {
  const std::string what = rule->has_port(port) ? fmt::format("UDP to port {}", port) : fmt::format("port {}", port);
  return {Verdict::Answer::kDeny, rule,
          fmt::format("{} of {} is not allowed, only {}", what, in_quotes(asked), with_origin(*rule))};
}

Verdict denied_by(const RulePtr& rule) {
  return {Verdict::Answer::kDeny, rule, fmt::format("denied by {}", with_origin(*rule))};
}

template <class Measure>
Verdict decided(const std::vector<RulePtr>& allow, const std::vector<RulePtr>& deny, const Measure& measure,
                const std::string& asked, uint16_t port, Transport transport) {
  const auto suits = [&](const NetworkRule& rule) { return fits(rule, port, transport); };
  const auto with_port = [&](const NetworkRule& rule) { return rule.has_port(port); };
  const auto any = [](const NetworkRule&) { return true; };
  if (const RulePtr rule = best(deny, measure, with_port)) return denied_by(rule);
  if (const RulePtr rule = best(allow, measure, suits)) return {Verdict::Answer::kAllow, rule, rule->reason};
  if (const RulePtr rule = best(allow, measure, with_port)) return wrong_port(rule, asked, port);
  if (const RulePtr rule = best(allow, measure, any)) return wrong_port(rule, asked, port);
  return not_named(allow, asked);
}

/// Ascending and apart, as both are.
std::vector<PortRange> without(const std::vector<PortRange>& ranges, const std::vector<PortRange>& taken) {
  std::vector<PortRange> rest;
  for (const PortRange& range : ranges) {
    uint32_t next = range.first;
    for (const PortRange& gap : taken) {
      if (gap.last < next || gap.first > range.last) continue;
      if (gap.first > next) rest.push_back({static_cast<uint16_t>(next), static_cast<uint16_t>(gap.first - 1)});
      next = gap.last + 1U;
    }
    if (next <= range.last) rest.push_back({static_cast<uint16_t>(next), range.last});
  }
  return rest;
}

bool all_ports(const NetworkRule& rule) {
  return std::any_of(rule.ports.begin(), rule.ports.end(),
                     [](const PortRange& range) { return range.first <= 1 && range.last == 65535; });
}

}  // namespace

Rules::Rules(std::vector<NetworkRule> allowed) {
  for (NetworkRule& rule : allowed) allow(std::move(rule));
}

Verdict Rules::decide(std::string_view host, uint16_t port, Transport transport) const {
  return decided(allow_, deny_, Fit{host}, std::string(host), port, transport);
}

Verdict Rules::decide(const IpAddress& address, uint16_t port, Transport transport) const {
  return decided(allow_, deny_, AddressFit{address}, to_string(address), port, transport);
}

std::optional<std::string> Rules::denial(const IpAddress& address, uint16_t port) const {
  const RulePtr rule = best(deny_, AddressFit{address}, [&](const NetworkRule& one) { return one.has_port(port); });
  if (!rule) return {};
  return denied_by(rule).why;
}

Verdict Rules::decide_name(std::string_view host) const {
  const auto any = [](const NetworkRule&) { return true; };
  if (const RulePtr rule = best(deny_, Fit{host}, all_ports)) return denied_by(rule);
  if (const RulePtr rule = best(allow_, Fit{host}, any)) return {Verdict::Answer::kAllow, rule, rule->reason};
  return not_named(allow_, std::string(host));
}

RulePtr Rules::allow(NetworkRule rule) {
  allow_.push_back(std::make_shared<const NetworkRule>(std::move(rule)));
  return allow_.back();
}

RulePtr Rules::deny(NetworkRule rule) {
  deny_.push_back(std::make_shared<const NetworkRule>(std::move(rule)));
  return deny_.back();
}

void Rules::withdraw(const RulePtr& rule) {
  std::erase(allow_, rule);
  std::erase(deny_, rule);
}

std::vector<NetworkRule> Rules::lift(const NetworkRule& allowed) {
  std::vector<NetworkRule> taken;
  std::vector<RulePtr> kept;
  for (const RulePtr& rule : deny_) {
    if (rule->target != allowed.target) {
      kept.push_back(rule);
      continue;
    }
    NetworkRule rest = *rule, part = *rule;
    rest.ports = without(rule->ports, allowed.ports);
    part.ports = without(rule->ports, rest.ports);
    if (!part.ports.empty()) taken.push_back(std::move(part));
    if (!rest.ports.empty()) kept.push_back(std::make_shared<const NetworkRule>(std::move(rest)));
  }
  deny_ = std::move(kept);
  return taken;
}

bool is_wildcard(const NetworkRule& rule) { return std::holds_alternative<Subdomains>(rule.target); }

}  // namespace clawbox::egress
