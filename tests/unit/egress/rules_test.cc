#include "egress/rules.h"

#include <string>

#include "support/catch.h"

namespace clawbox::egress {
namespace {

NetworkRule host(const std::string& name, std::vector<PortRange> ports = {{443, 443}}, int line = 1) {
  return {ExactHost{name}, std::move(ports), false, Speaks::kAuto, "", "", {"p.toml", line}};
}
NetworkRule below(const std::string& domain, std::vector<PortRange> ports = {{443, 443}}, int line = 1) {
  return {Subdomains{domain}, std::move(ports), false, Speaks::kAuto, "", "", {"p.toml", line}};
}
NetworkRule prefix(const std::string& text, std::vector<PortRange> ports = {{443, 443}}) {
  return {*parse_ip_prefix(text), std::move(ports), false, Speaks::kAuto, "", "", {"p.toml", 9}};
}

bool allows(const Rules& rules, const std::string& name, uint16_t port, Transport transport = Transport::kTcp) {
  return rules.decide(name, port, transport).allowed();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an empty list denies everything and says that it is empty") {
  const Rules none;
  CHECK_FALSE(allows(none, "example.org", 443));
  CHECK_FALSE(none.decide_name("example.org").allowed());
  CHECK_FALSE(none.decide(IpAddress::v4(0x08080808), 443, Transport::kTcp).allowed());
  CHECK(contains(none.decide("example.org", 443, Transport::kTcp).why, "the list of allowed hosts is empty"));
}

TEST_CASE("a name is allowed with its ports and as itself only") {
  const Rules rules({host("example.org", {{22, 22}, {8000, 8010}})});
  CHECK(allows(rules, "example.org", 22));
  CHECK(allows(rules, "example.org", 8000));
  CHECK(allows(rules, "example.org", 8010));
  CHECK_FALSE(allows(rules, "example.org", 8011));
  CHECK_FALSE(allows(rules, "example.org", 0));
  CHECK_FALSE(allows(rules, "a.example.org", 22));
  CHECK_FALSE(allows(rules, "example.org.evil.net", 22));
  CHECK_FALSE(allows(rules, "xexample.org", 22));
  CHECK_FALSE(allows(rules, "", 22));
}

TEST_CASE("a star stands for names below the domain, not for the domain") {
  const Rules rules({below("example.org")});
  CHECK(allows(rules, "a.example.org", 443));
  CHECK(allows(rules, "a.b.example.org", 443));
  CHECK_FALSE(allows(rules, "example.org", 443));
  CHECK_FALSE(allows(rules, "aexample.org", 443));
  CHECK(is_wildcard(*rules.decide("a.example.org", 443, Transport::kTcp).rule));
}

TEST_CASE("an exact rule decides before a wildcard, a longer domain before a shorter one") {
  const Rules rules({below("org", {{443, 443}}, 1), below("example.org", {{443, 443}}, 2),
                     host("a.example.org", {{443, 443}}, 3), host("a.example.org", {{22, 22}}, 4)});
  const auto line = [&](const std::string& name, uint16_t port) {
    return rules.decide(name, port, Transport::kTcp).rule->origin.line;
  };
  CHECK(line("a.example.org", 443) == 3);
  CHECK(line("a.example.org", 22) == 4);
  CHECK(line("b.example.org", 443) == 2);
  CHECK(line("b.org", 443) == 1);
}

TEST_CASE("UDP needs a rule that says so") {
  NetworkRule quic = host("quic.example");
  quic.udp = true;
  const Rules rules({host("example.org"), quic});
  CHECK(allows(rules, "quic.example", 443, Transport::kUdp));
  CHECK(allows(rules, "quic.example", 443));
  const Verdict verdict = rules.decide("example.org", 443, Transport::kUdp);
  CHECK_FALSE(verdict.allowed());
  CHECK(contains(verdict.why, "UDP to port 443 of 'example.org' is not allowed, only example.org:443 (p.toml:1)"));
}

TEST_CASE("addresses are allowed by their own rules, never by a name's") {
  const Rules rules({host("example.org"), prefix("10.0.0.0/8"), prefix("10.1.0.0/16", {{22, 22}})});
  const auto allowed = [&](const std::string& text, uint16_t port) {
    return rules.decide(*parse_ip_address(text), port, Transport::kTcp).allowed();
  };
  CHECK(allowed("10.2.3.4", 443));
  CHECK(allowed("10.1.2.3", 22));
  CHECK(allowed("10.1.2.3", 443));
  CHECK_FALSE(allowed("10.2.3.4", 22));
  CHECK_FALSE(allowed("11.0.0.1", 443));
  CHECK_FALSE(allowed("::ffff:10.2.3.4", 443));
}

TEST_CASE("a refusal names the rule that comes nearest, with its line") {
  const Rules rules({host("github.com", {{443, 443}}, 7), below("npm.example", {{443, 443}}, 8)});
  const auto why = [&](const std::string& name, uint16_t port) {
    return rules.decide(name, port, Transport::kTcp).why;
  };
  CHECK(why("github.com", 22) == "port 22 of 'github.com' is not allowed, only github.com:443 (p.toml:7)");
  CHECK(why("githib.com", 443) == "no rule names 'githib.com'; near it: github.com:443 (p.toml:7)");
  CHECK(why("npm.example", 443) == "no rule names 'npm.example'; near it: *.npm.example:443 (p.toml:8)");
  CHECK(why("api.github.com", 443) == "no rule names 'api.github.com'; near it: github.com:443 (p.toml:7)");
  CHECK(why("unlike-anything.example", 443) == "no rule names 'unlike-anything.example'");
}

TEST_CASE("a denial that came later beats what is allowed, and can be taken back") {
  Rules rules({host("a.example"), below("b.example", {{80, 80}, {443, 443}})});
  const RulePtr denied = rules.deny(below("b.example", {{443, 443}}));
  CHECK_FALSE(allows(rules, "x.b.example", 443));
  CHECK(contains(rules.decide("x.b.example", 443, Transport::kTcp).why, "denied by *.b.example:443"));
  CHECK(allows(rules, "x.b.example", 80));
  CHECK(rules.decide_name("x.b.example").allowed());  // its other port still needs the name
  rules.withdraw(denied);
  CHECK(allows(rules, "x.b.example", 443));

  rules.deny(host("a.example", {{0, 65535}}));
  CHECK_FALSE(rules.decide_name("a.example").allowed());
}

TEST_CASE("a rule that was added and withdrawn lives on in what remembers it") {
  Rules rules;
  const RulePtr added = rules.allow(host("late.example"));
  const Verdict verdict = rules.decide("late.example", 443, Transport::kTcp);
  REQUIRE(verdict.allowed());
  rules.withdraw(added);
  CHECK_FALSE(allows(rules, "late.example", 443));
  CHECK(to_string(*verdict.rule) == "late.example:443");
}

}  // namespace clawbox::egress
