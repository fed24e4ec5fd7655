#include "egress/reachable.h"

#include <optional>
#include <string>

#include "support/catch.h"

namespace clawbox::egress {
namespace {

NetworkRule named(const std::string& text, uint16_t port = 443) {
  return {*parse_ip_prefix(text), {{port, port}}, false, Speaks::kAuto, "", "", {"p.toml", 1}};
}

std::optional<bool> is_own(const IpAddress& address) {
  if (address == *parse_ip_address("1.1.1.1")) return std::nullopt;
  return address == *parse_ip_address("8.8.4.4") || address == *parse_ip_address("2a00::5");
}

std::string objection(const std::string& address, const Rules& rules = {}, uint16_t port = 443) {
  const Reachable reachable(is_own);
  return reachable.objection(*parse_ip_address(address), port, Transport::kTcp, rules).value_or("");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("public addresses are dialled") {
  CHECK(objection("8.8.8.8").empty());
  CHECK(objection("2606:4700::1111").empty());
}

TEST_CASE("what is not public, or is the host itself, is refused with its kind and the remedy") {
  const auto address =
      GENERATE(as<std::string>{}, "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254",
               "169.254.0.7", "168.63.129.16", "0.0.0.0", "224.0.0.251", "255.255.255.255", "198.18.0.9", "::1",
               "::", "fe80::1", "fd00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
               "64:ff9b::10.0.0.1", "2002:0a00:1::", "2001:0:1::1", "8.8.4.4", "2a00::5");
  CAPTURE(address);
  CHECK(contains(objection(address), to_string(*parse_ip_address(address)) + " is "));
}

TEST_CASE("what may be the host itself is refused too, unless a rule names it") {
  CHECK(contains(objection("1.1.1.1"), "1.1.1.1 may be an address of this host"));
  CHECK(objection("1.1.1.1", Rules({named("1.1.1.1")})).empty());
  CHECK_FALSE(objection("1.1.1.1", Rules({named("1.1.1.1", 80)})).empty());
}

TEST_CASE("the refusal tells what to write") {
  CHECK(objection("10.0.0.5") ==
        "10.0.0.5 is a private address; to reach it, add { address = \"10.0.0.5\", ports = [443] } to network.allow");
  CHECK(contains(objection("64:ff9b::a9fe:a9fe"), "stands for an IPv4 one (169.254.169.254)"));
  CHECK(contains(objection("8.8.4.4"), "an address of this host"));
}

TEST_CASE("a rule about the address or its prefix lifts the refusal, for its port") {
  CHECK(objection("10.0.0.5", Rules({named("10.0.0.0/8")})).empty());
  CHECK(objection("127.0.0.1", Rules({named("127.0.0.1", 5432)}), 5432).empty());
  CHECK_FALSE(objection("127.0.0.1", Rules({named("127.0.0.1", 5432)}), 5433).empty());
  CHECK(objection("8.8.4.4", Rules({named("8.8.4.4")})).empty());
}

TEST_CASE("a metadata service needs a rule about the one address") {
  CHECK_FALSE(objection("169.254.169.254", Rules({named("169.254.0.0/16")})).empty());
  CHECK_FALSE(objection("169.254.169.254", Rules({named("0.0.0.0/0")})).empty());
  CHECK_FALSE(objection("168.63.129.16", Rules({named("168.63.129.0/24")})).empty());
  CHECK_FALSE(objection("fd00:ec2::254", Rules({named("fc00::/7")})).empty());
  CHECK(objection("169.254.7.7", Rules({named("169.254.0.0/16")})).empty());
  CHECK(objection("169.254.169.254", Rules({named("169.254.169.254")})).empty());
}

TEST_CASE("the host's loopback needs a rule about loopback alone") {
  CHECK_FALSE(objection("127.0.0.1", Rules({named("0.0.0.0/0")})).empty());
  CHECK_FALSE(objection("127.0.0.1", Rules({named("64.0.0.0/2")})).empty());
  CHECK_FALSE(objection("::1", Rules({named("::/0")})).empty());
  CHECK_FALSE(objection("::1", Rules({named("::/127")})).empty());
  CHECK(objection("127.0.0.5", Rules({named("127.0.0.0/8")})).empty());
  CHECK(objection("::1", Rules({named("::1")})).empty());
  CHECK(objection("127.0.0.1", Rules({named("0.0.0.0/0"), named("127.0.0.1")})).empty());
}

TEST_CASE("what embeds an IPv4 address must be named as the IPv6 address that it is") {
  CHECK_FALSE(objection("::ffff:10.0.0.1", Rules({named("10.0.0.1")})).empty());
  CHECK(objection("64:ff9b::10.0.0.1", Rules({named("64:ff9b::/96")})).empty());
}

TEST_CASE("no rule opens the addresses of nobody and of everybody") {
  CHECK_FALSE(objection("0.0.0.0", Rules({named("0.0.0.0/0")})).empty());
  CHECK_FALSE(objection("255.255.255.255", Rules({named("255.255.255.255")})).empty());
  CHECK_FALSE(objection("ff02::1", Rules({named("::/0")})).empty());
}

}  // namespace clawbox::egress
