#include "egress/names.h"

#include <set>
#include <string>

#include "support/catch.h"

namespace clawbox::egress {
namespace {

using Clock = Names::Clock;

const SyntheticRanges kRanges{*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
const Clock::time_point kNow{};

SyntheticAddresses exact(Names& names, const std::string& name) {
  const auto given = names.addresses_of(name, NameKind::kExact, "", kNow);
  REQUIRE(std::holds_alternative<SyntheticAddresses>(given));
  return std::get<SyntheticAddresses>(given);
}

std::string below(Names& names, const std::string& name, Clock::time_point now = kNow) {
  const auto given = names.addresses_of(name, NameKind::kWildcard, "example.org", now);
  const auto* refusal = std::get_if<Names::Refusal>(&given);
  return refusal == nullptr ? "given" : words_for(*refusal, {});
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a name keeps its addresses, and no other name gets them") {
  Names names(kRanges, {});
  std::set<IpAddress> seen;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example";
    const SyntheticAddresses given = exact(names, name);
    CHECK(seen.insert(given.v4).second);
    CHECK(seen.insert(given.v6).second);
    CHECK(kRanges.v4.contains(given.v4));
    CHECK(kRanges.v6.contains(given.v6));
    CHECK(names.name_of(given.v4) == name);
    CHECK(names.name_of(given.v6) == name);
  }
  CHECK(exact(names, "h0.example").v4 == *seen.begin());
  CHECK(names.size() == 3000);
}

TEST_CASE("addresses that stand for nothing have no name") {
  Names names(kRanges, {});
  exact(names, "a.example");
  for (const char* text : {"198.18.0.0", "198.18.0.1", "198.18.0.17", "198.19.255.255", "198.20.0.16", "8.8.8.8",
                           "fdc1:a3b0:c1a0:1::1", "fdc1:a3b0:c1a0:1:1::10", "::ffff:198.18.0.16"})
    CHECK_FALSE(names.name_of(*parse_ip_address(text)));
  CHECK(names.name_of(*parse_ip_address("198.18.0.16")) == "a.example");
  CHECK(names.name_of(*parse_ip_address("fdc1:a3b0:c1a0:1::10")) == "a.example");
  CHECK(names.in_range(*parse_ip_address("198.19.255.255")));
  CHECK_FALSE(names.in_range(*parse_ip_address("198.20.0.0")));
}

TEST_CASE("when all addresses are given, new names are refused and old ones stay") {
  Names names({*parse_ip_prefix("198.18.0.0/27"), kRanges.v6}, {});
  for (int i = 0; i < 15; ++i) exact(names, "h" + std::to_string(i) + ".example");
  const auto refused = names.addresses_of("late.example", NameKind::kExact, "", kNow);
  REQUIRE(std::holds_alternative<Names::Refusal>(refused));
  CHECK(std::get<Names::Refusal>(refused) == Names::Refusal::kUsedUp);
  CHECK(to_string(exact(names, "h14.example").v4) == "198.18.0.30");
}

TEST_CASE("a range too small for any name gives none") {
  Names names({*parse_ip_prefix("198.18.0.0/29"), kRanges.v6}, {});
  CHECK(std::holds_alternative<Names::Refusal>(names.addresses_of("a.example", NameKind::kExact, "", kNow)));
}

TEST_CASE("names below a wildcard are capped in length, without what the rule states") {
  Names names(kRanges, {.length = 10});
  CHECK(below(names, "0123456789.example.org") == "given");
  CHECK(contains(below(names, "0123456789a.example.org"), "longer than"));
  CHECK(contains(below(names, "01234.56789.example.org"), "longer than"));
}

TEST_CASE("names below wildcards are capped in number; known ones are answered on") {
  Names names(kRanges, {.count = 2});
  CHECK(below(names, "a.example.org") == "given");
  CHECK(below(names, "b.example.org") == "given");
  CHECK(contains(below(names, "c.example.org"), "different names"));
  CHECK(below(names, "a.example.org") == "given");
  exact(names, "c.example.org");
}

TEST_CASE("new names below wildcards are capped in how fast they come") {
  Names names(kRanges, {.per_minute = 3});
  for (const char* name : {"a.example.org", "b.example.org", "c.example.org"}) CHECK(below(names, name) == "given");
  CHECK(contains(below(names, "d.example.org"), "faster"));
  CHECK(contains(below(names, "d.example.org", kNow + std::chrono::seconds(19)), "faster"));
  CHECK(below(names, "d.example.org", kNow + std::chrono::seconds(21)) == "given");
  CHECK(contains(below(names, "e.example.org", kNow + std::chrono::seconds(21)), "faster"));
  exact(names, "never.capped.example");
}

TEST_CASE("a remembered name asks no cap, has its place, and counts") {
  Names names(kRanges, {.length = 4, .count = 1, .per_minute = 100});
  CHECK(names.remember("a.test", NameKind::kExact)->v4 == *parse_ip_address("198.18.0.16"));
  CHECK(names.remember("much-too-long.wild.org", NameKind::kWildcard)->v4 == *parse_ip_address("198.18.0.17"));
  CHECK(names.remember("a.test", NameKind::kExact)->v4 == *parse_ip_address("198.18.0.16"));
  CHECK(std::get<Names::Refusal>(names.addresses_of("x.wild.org", NameKind::kWildcard, "wild.org", {})) ==
        Names::Refusal::kTooMany);
}

}  // namespace clawbox::egress
