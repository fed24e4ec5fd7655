#include "egress/stub.h"

#include <string>

#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress {
namespace {

using samples::number;

struct World {
  Rules rules{{{ExactHost{"a.org"}, {{443, 443}}}, {Subdomains{"wild.org"}, {{443, 443}}}}};
  NameLimits limits{.length = 8, .count = 3, .per_minute = 100};
  Names names{{*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")}, limits};
  Stub stub{rules, names, limits};

  StubReply ask(const std::string& name, uint16_t type, Transport transport = Transport::kUdp) {
    return stub.answer(samples::query(name, type), transport, {});
  }
};

unsigned code(const StubReply& reply) { return static_cast<unsigned char>(reply.message.at(3)) & 0xFU; }
unsigned answers(const StubReply& reply) { return static_cast<unsigned char>(reply.message.at(7)); }
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an allowed name has an address of each family, in every spelling the same") {
  World world;
  const StubReply four = world.ask("A.oRg", dns::kA), six = world.ask("a.org", dns::kAaaa);
  CHECK(code(four) == 0);
  CHECK(answers(four) == 1);
  CHECK(contains(four.message, "\xC6\x12" + number(16, 2)));
  CHECK(answers(six) == 1);
  CHECK(world.names.size() == 1);
  REQUIRE(four.asked);
  CHECK(four.asked->name == "a.org");
  CHECK(four.asked->type == "A");
  CHECK(four.asked->verdict.allowed());
}

TEST_CASE("other types of an allowed name have no data, HTTPS and SVCB among them") {
  World world;
  const auto type = GENERATE(as<uint16_t>{}, 2, 5, 6, 15, 16, 33, 43, 64, 65, 257, 65535);
  const StubReply reply = world.ask("a.org", type);
  CHECK(code(reply) == 0);
  CHECK(answers(reply) == 0);
  CHECK(world.names.size() == 0);
}

TEST_CASE("a name that no rule names does not exist, and the reason is told") {
  World world;
  for (const char* name : {"b.org", "wild.org", "org", "a.org.evil.net", "xa.org", "1.2.3.4", "a b.org"}) {
    CAPTURE(name);
    const StubReply reply = world.ask(name, dns::kA);
    CHECK(code(reply) == 3);
    CHECK(answers(reply) == 0);
    REQUIRE(reply.asked);
    CHECK_FALSE(reply.asked->verdict.allowed());
  }
  CHECK(contains(world.ask("b.org", dns::kA).message, "no rule names 'b.org'"));
  CHECK(world.names.size() == 0);
}

TEST_CASE("the longest name's refusal fits into a plain datagram") {
  World world;
  const std::string label(63, 'a');
  const StubReply reply = world.ask(label + "." + label + "." + label + "." + std::string(61, 'b'), dns::kA);
  CHECK(code(reply) == 3);
  CHECK(reply.message.size() <= 512);
}

TEST_CASE("names below a wildcard are capped, and a refusal by cap is a denial in the record") {
  World world;
  CHECK(code(world.ask("x.wild.org", dns::kA)) == 0);
  const StubReply tunnelled = world.ask("secretsecret.wild.org", dns::kA);
  CHECK(code(tunnelled) == 3);
  REQUIRE(tunnelled.asked);
  CHECK(contains(tunnelled.asked->verdict.why, "longer than network.name_length (8)"));
  CHECK(code(world.ask("y.wild.org", dns::kA)) == 0);
  CHECK(code(world.ask("z.wild.org", dns::kA)) == 0);
  CHECK(contains(world.ask("q.wild.org", dns::kA).asked->verdict.why, "network.names (3)"));
}

TEST_CASE("a question says which addresses it gave, and whether they are new; without any it gave none") {
  World world;
  constexpr uint16_t kTxt = 16;
  CHECK_FALSE(world.ask("x.wild.org", kTxt).asked->given);
  const StubReply first = world.ask("x.wild.org", dns::kA), second = world.ask("x.wild.org", dns::kAaaa);
  REQUIRE(first.asked->given);
  CHECK(first.asked->is_new);
  CHECK(second.asked->given);
  CHECK_FALSE(second.asked->is_new);
  CHECK_FALSE(world.ask("secretsecret.wild.org", dns::kA).asked->given);
  CHECK_FALSE(world.ask("b.org", dns::kA).asked->given);
}

TEST_CASE("synthetic addresses and localhost have their names back, and no other address") {
  World world;
  world.ask("a.org", dns::kA);
  CHECK(contains(world.ask("16.0.18.198.in-addr.arpa", dns::kPtr).message, samples::wire_name("a.org")));
  CHECK(contains(world.ask("1.0.0.127.in-addr.arpa", dns::kPtr).message, samples::wire_name("localhost")));
  CHECK(code(world.ask("17.0.18.198.in-addr.arpa", dns::kPtr)) == 3);
  CHECK(code(world.ask("8.8.8.8.in-addr.arpa", dns::kPtr)) == 3);
}

TEST_CASE("localhost is the session's own, without a record") {
  World world;
  const StubReply reply = world.ask("x.LocalHost", dns::kA);
  CHECK(answers(reply) == 1);
  CHECK(contains(reply.message, std::string("\x7f\0\0\1", 4)));
  CHECK_FALSE(reply.asked);
}

TEST_CASE("what is no question gets a code or silence, and no record") {
  World world;
  CHECK(world.stub.answer("short", Transport::kUdp, {}).message.empty());
  const StubReply update =
      world.stub.answer(samples::query("a.org", 1, samples::Edns::kNone, 0x2800), Transport::kTcp, {});
  CHECK(code(update) == 4);
  CHECK_FALSE(update.asked);
}

}  // namespace clawbox::egress
