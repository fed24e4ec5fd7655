#include "base/ip_address.h"

#include <string>

#include "support/catch.h"

namespace clawbox {
namespace {

IpAddress address(const std::string& text) {
  const auto parsed = parse_ip_address(text);
  REQUIRE(parsed);
  return *parsed;
}

struct Kind {
  std::string text;
  AddressKind kind;
};

}  // namespace

TEST_CASE("an address is written as it was read, in the shortest form") {
  CHECK(to_string(address("127.0.0.1")) == "127.0.0.1");
  CHECK(to_string(address("2001:DB8:0:0:0:0:0:1")) == "2001:db8::1");
  CHECK(to_string(address("::ffff:10.0.0.1")) == "::ffff:10.0.0.1");
  CHECK(address("127.0.0.1").bits() == 0x7f000001);
  CHECK(IpAddress::v4(0x0a000001) == address("10.0.0.1"));
  CHECK(address("1.2.3.4").bytes().size() == 4);
  CHECK(address("::").bytes().size() == 16);
}

TEST_CASE("what only some readers take as an address is none") {
  const auto text = GENERATE(as<std::string>{}, "", "127.1", "0x7f.0.0.1", "010.0.0.1", "2130706433", "1.2.3.4.5",
                             "[::1]", "fe80::1%lo", "1.2.3.4 ", " 1.2.3.4", "1.2.3.256", ":::", "12345::", "::1.2.3");
  CAPTURE(text);
  CHECK_FALSE(parse_ip_address(text));
  CHECK_FALSE(parse_ip_address(std::string("1.2.3.4\0", 8)));
  CHECK_FALSE(parse_ip_address(std::string(100, '1')));
}

TEST_CASE("a prefix holds its own addresses and none of the other family") {
  const auto ten = parse_ip_prefix("10.0.0.0/9");
  REQUIRE(ten);
  CHECK(ten->contains(address("10.127.255.255")));
  CHECK_FALSE(ten->contains(address("10.128.0.0")));
  CHECK_FALSE(ten->contains(address("::ffff:10.0.0.1")));
  const auto all = parse_ip_prefix("::/0");
  REQUIRE(all);
  CHECK(all->contains(address("ff02::1")));
  CHECK_FALSE(all->contains(address("1.2.3.4")));
  const auto one = parse_ip_prefix("1.2.3.4");
  REQUIRE(one);
  CHECK(one->is_one_address());
  CHECK(to_string(*one) == "1.2.3.4");
  CHECK(to_string(*parse_ip_prefix("2001:db8::/32")) == "2001:db8::/32");
}

TEST_CASE("a prefix with bits beyond its length, or no length, is none") {
  const auto text = GENERATE(as<std::string>{}, "10.1.0.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1",
                             "10.0.0.0/8 ", "10.0.0.0/+8", "::1/64", "/8", "10.0.0.0/8/8");
  CAPTURE(text);
  CHECK_FALSE(parse_ip_prefix(text));
}

TEST_CASE("every address has its kind") {
  const auto [text, kind] = GENERATE(values<Kind>({
      {"8.8.8.8", AddressKind::kPublic},
      {"0.0.0.0", AddressKind::kUnspecified},
      {"0.1.2.3", AddressKind::kUnspecified},
      {"10.0.0.1", AddressKind::kPrivate},
      {"100.64.0.1", AddressKind::kPrivate},
      {"100.127.255.255", AddressKind::kPrivate},
      {"100.128.0.0", AddressKind::kPublic},
      {"127.255.255.254", AddressKind::kLoopback},
      {"169.254.1.1", AddressKind::kLinkLocal},
      {"169.254.169.254", AddressKind::kMetadata},
      {"169.254.170.2", AddressKind::kMetadata},
      {"168.63.129.16", AddressKind::kMetadata},
      {"168.63.129.17", AddressKind::kPublic},
      {"100.100.100.200", AddressKind::kMetadata},
      {"172.15.255.255", AddressKind::kPublic},
      {"172.16.0.0", AddressKind::kPrivate},
      {"172.31.255.255", AddressKind::kPrivate},
      {"172.32.0.0", AddressKind::kPublic},
      {"192.168.0.1", AddressKind::kPrivate},
      {"192.0.0.8", AddressKind::kReserved},
      {"192.0.2.1", AddressKind::kReserved},
      {"198.18.0.1", AddressKind::kReserved},
      {"198.19.255.255", AddressKind::kReserved},
      {"198.20.0.0", AddressKind::kPublic},
      {"203.0.113.7", AddressKind::kReserved},
      {"224.0.0.1", AddressKind::kMulticast},
      {"239.255.255.255", AddressKind::kMulticast},
      {"240.0.0.1", AddressKind::kReserved},
      {"255.255.255.255", AddressKind::kBroadcast},
      {"2606:4700::1111", AddressKind::kPublic},
      {"::", AddressKind::kUnspecified},
      {"::1", AddressKind::kLoopback},
      {"fc00::1", AddressKind::kPrivate},
      {"fdff::1", AddressKind::kPrivate},
      {"fec0::1", AddressKind::kPrivate},
      {"fe80::1", AddressKind::kLinkLocal},
      {"fd00:ec2::254", AddressKind::kMetadata},
      {"ff02::1", AddressKind::kMulticast},
      {"2001:db8::1", AddressKind::kReserved},
      {"2001:2::1", AddressKind::kReserved},
      {"100::1", AddressKind::kReserved},
      {"4000::1", AddressKind::kReserved},
      {"::ffff:8.8.8.8", AddressKind::kTranslated},
      {"::ffff:0:8.8.8.8", AddressKind::kTranslated},
      {"::8.8.8.8", AddressKind::kTranslated},
      {"64:ff9b::8.8.8.8", AddressKind::kTranslated},
      {"64:ff9b:1::10.0.0.1", AddressKind::kTranslated},
      {"2002:7f00:1::", AddressKind::kTranslated},
      {"2001:0:1:2:3:4:5:6", AddressKind::kTranslated},
      {"2a00::200:5efe:127.0.0.1", AddressKind::kTranslated},
  }));
  CAPTURE(text);
  CHECK(words_for(kind_of(address(text))) == words_for(kind));
}

TEST_CASE("the IPv4 address within an IPv6 one is found") {
  CHECK(embedded_v4(address("::ffff:10.0.0.1")) == address("10.0.0.1"));
  CHECK(embedded_v4(address("64:ff9b::169.254.169.254")) == address("169.254.169.254"));
  CHECK(embedded_v4(address("2002:7f00:1::")) == address("127.0.0.1"));
  CHECK(embedded_v4(address("2001:0:1:2:3:4:80ff:fffe")) == address("127.0.0.1"));
  CHECK_FALSE(embedded_v4(address("2606:4700::1111")));
  CHECK_FALSE(embedded_v4(address("::1")));
  CHECK_FALSE(embedded_v4(address("10.0.0.1")));
}

}  // namespace clawbox
