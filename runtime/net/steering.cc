#include "net/steering.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <linux/netfilter.h>

#include <algorithm>
#include <vector>

#include "net/ruleset.h"

namespace clawbox::net {
namespace {

constexpr uint8_t kTcp = IPPROTO_TCP, kUdp = IPPROTO_UDP;

constexpr uint16_t kDns = 53;
constexpr int32_t kMangle = -150, kFilter = 0;  // priorities: <linux/netfilter_ipv4.h>

struct Steering {
  Ruleset& rules;
  const NetworkAllowlist& list;
  Ipv6 ipv6;

  std::vector<IpPrefix> ranges() const {
    std::vector<IpPrefix> all{list.synthetic.v4};
    if (ipv6 == Ipv6::kThere) all.push_back(list.synthetic.v6);
    return all;
  }
};

IpPrefix one(const IpAddress& address) { return {address, address.is_v4() ? 32U : 128U}; }

std::vector<IpPrefix> loopback_prefixes(Ipv6 ipv6) {
  std::vector<IpPrefix> all{*parse_ip_prefix("127.0.0.0/8")};
  if (ipv6 == Ipv6::kThere) all.push_back(*parse_ip_prefix("::1"));
  return all;
}

/// Addresses that rules name themselves. Those of loopback stay the session's own.
std::vector<std::pair<IpPrefix, const NetworkRule*>> named_prefixes(const Steering& steering) {
  std::vector<std::pair<IpPrefix, const NetworkRule*>> found;
  for (const NetworkRule& rule : steering.list.rules) {
    const auto* prefix = std::get_if<IpPrefix>(&rule.target);
    if (prefix == nullptr || kind_of(prefix->address) == AddressKind::kLoopback) continue;
    if (prefix->address.is_v4() || steering.ipv6 == Ipv6::kThere) found.emplace_back(*prefix, &rule);
  }
  return found;
}

bool is_about_names(const NetworkRule& rule) { return !std::holds_alternative<IpPrefix>(rule.target); }

std::vector<PortRange> merged(std::vector<PortRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
  std::vector<PortRange> apart;
  for (const PortRange& range : ranges) {
    if (!apart.empty() && range.first <= apart.back().last + 1U)
      apart.back().last = std::max(apart.back().last, range.last);
    else
      apart.push_back(range);
  }
  return apart;
}

std::vector<PortRange> ports_of_names(const NetworkAllowlist& list, uint8_t protocol) {
  std::vector<PortRange> ports;
  for (const NetworkRule& rule : list.rules)
    if (is_about_names(rule) && (protocol == IPPROTO_TCP || rule.udp))
      ports.insert(ports.end(), rule.ports.begin(), rule.ports.end());
  return merged(std::move(ports));
}

void steer_to_listener(const Steering& steering, const IpPrefix& range, uint8_t protocol) {
  const IpPrefix& own = range.address.is_v4() ? steering.list.synthetic.v4 : steering.list.synthetic.v6;
  steering.rules.add_rule("pre", [&](Rule& rule) {
    rule.to(range).protocol(protocol).transparent(listener_address(own), kTransparentPort);
  });
}

/// Locally sent packets pass here too, on `lo`.
void add_prerouting(const Steering& steering) {
  Ruleset& rules = steering.rules;
  rules.add_chain("pre", NF_INET_PRE_ROUTING, kMangle, NF_ACCEPT);
  // Ahead of all prefixes: one that holds 127.0.0.1, as 0.0.0.0/0 does, is not about the session's own loopback.
  for (const IpPrefix& prefix : loopback_prefixes(steering.ipv6))
    rules.add_rule("pre", [&](Rule& rule) { rule.to(prefix).accept(); });
  for (const IpPrefix& range : steering.ranges())
    rules.add_rule("pre", [&](Rule& rule) { rule.to(one(listener_address(range))).accept(); });
  for (const uint8_t protocol : {kTcp, kUdp}) {
    if (protocol == IPPROTO_UDP && !has_udp(steering.list)) continue;
    rules.add_rule("pre", [&](Rule& rule) { rule.protocol(protocol).port(kDns).accept(); });
    for (const IpPrefix& range : steering.ranges()) steer_to_listener(steering, range, protocol);
    for (const auto& [prefix, named] : named_prefixes(steering))
      if (protocol == IPPROTO_TCP || named->udp) steer_to_listener(steering, prefix, protocol);
  }
}

void add_output(const Steering& steering) {
  Ruleset& rules = steering.rules;
  rules.add_chain("out", NF_INET_LOCAL_OUT, kFilter, NF_DROP);
  const auto accept_to = [&](const IpPrefix& prefix) {
    rules.add_rule("out", [&](Rule& rule) { rule.to(prefix).accept(); });
  };
  for (const IpPrefix& prefix : loopback_prefixes(steering.ipv6)) accept_to(prefix);
  for (const IpPrefix& range : steering.ranges()) accept_to(one(listener_address(range)));
  for (const uint8_t protocol : {kUdp, kTcp})
    rules.add_rule("out", [&](Rule& rule) { rule.protocol(protocol).port(kDns).accept(); });
  for (const uint8_t protocol : {kTcp, kUdp}) {
    for (const PortRange& ports : ports_of_names(steering.list, protocol))
      for (const IpPrefix& range : steering.ranges())
        rules.add_rule("out", [&](Rule& rule) { rule.to(range).protocol(protocol).ports(ports).accept(); });
    for (const auto& [prefix, named] : named_prefixes(steering))
      if (protocol == IPPROTO_TCP || named->udp)
        for (const PortRange& ports : named->ports)
          rules.add_rule("out",
                         [&, &to = prefix](Rule& rule) { rule.to(to).protocol(protocol).ports(ports).accept(); });
  }
  // A TCP reset ends a connect at once; after an ICMP error a blocking one waits for a second.
  rules.add_rule("out", [](Rule& rule) { rule.protocol(IPPROTO_TCP).log("tcp", kRefusalGroup).reset(); });
  rules.add_rule("out", [](Rule& rule) { rule.log("other", kRefusalGroup).reject(); });
}

}  // namespace

bool has_udp(const NetworkAllowlist& list) {
  return std::any_of(list.rules.begin(), list.rules.end(), [](const NetworkRule& rule) { return rule.udp; });
}

void steer(const NetworkAllowlist& list, Ipv6 ipv6) {
  Ruleset rules("clawbox");
  const Steering steering{rules, list, ipv6};
  add_prerouting(steering);
  add_output(steering);
  rules.load();
}

void steer_more(const NetworkAllowlist& list, const NetworkRule& added, Ipv6 ipv6) {
  Ruleset rules("clawbox");
  NetworkAllowlist alone;
  alone.rules = {added};
  alone.synthetic = list.synthetic;
  const Steering steering{rules, alone, ipv6};
  for (const auto& [prefix, unused] : named_prefixes(steering)) steer_to_listener(steering, prefix, IPPROTO_TCP);
  // The last rules of the chain refuse what has come so far: ahead of them.
  const auto accept_to = [&](const IpPrefix& range) {
    for (const PortRange& ports : added.ports)
      rules.add_first_rule("out", [&](Rule& rule) { rule.to(range).protocol(IPPROTO_TCP).ports(ports).accept(); });
  };
  if (is_about_names(added))
    for (const IpPrefix& range : steering.ranges()) accept_to(range);
  for (const auto& [prefix, unused] : named_prefixes(steering)) accept_to(prefix);
  rules.load();
}

}  // namespace clawbox::net
