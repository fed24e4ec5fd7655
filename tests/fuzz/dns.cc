// The stub, fed with damaged questions: it answers what the rules allow, in messages of the right form and size.
#include "egress/dns.h"

#include <algorithm>
#include <string>

#include "base/host_name.h"
#include "egress/stub.h"
#include "fuzz/mutations.h"
#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress {
namespace {

using samples::Edns;

std::vector<std::string> questions() {
  const std::string looped = samples::number(0x0100'0001, 4) + samples::number(1, 4) + samples::number(0, 4) +
                             "\xC0\x0C" + samples::number(0x0001'0001, 4);
  return {samples::query("allowed.org", dns::kA),
          samples::query("aLLowed.oRg", dns::kAaaa, Edns::kNone),
          samples::query("x.wild.org", dns::kA),
          samples::query("denied.example", dns::kHttps),
          samples::query("16.0.18.198.in-addr.arpa", dns::kPtr),
          samples::query("0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.a.1.c.0.b.3.a.1.c.d.f.ip6.arpa", dns::kPtr),
          samples::query(std::string(63, 'a') + "." + std::string(63, 'b') + ".wild.org", 16),
          looped};
}

unsigned two(const std::string& message, std::size_t at) {
  return static_cast<unsigned char>(message[at]) * 256U + static_cast<unsigned char>(message[at + 1]);
}

struct Stubbed {
  Rules rules{{{ExactHost{"allowed.org"}, {{443, 443}}}, {Subdomains{"wild.org"}, {{443, 443}}}}};
  NameLimits limits{.length = 20, .count = 50, .per_minute = 1000000};
  Names names{{*parse_ip_prefix("198.18.0.0/15"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")}, limits};
  Stub stub{rules, names, limits};
};

void check_form(const std::string& question, const StubReply& reply, Transport transport) {
  if (reply.message.empty()) return;
  REQUIRE(reply.message.size() >= 12);
  REQUIRE(reply.message.size() <= (transport == Transport::kUdp ? dns::kUdpSize : dns::kMaxMessage));
  REQUIRE(reply.message.substr(0, 2) == question.substr(0, 2));
  REQUIRE((two(reply.message, 2) & 0x8000) != 0);
  REQUIRE(two(reply.message, 4) <= 1);
  REQUIRE(two(reply.message, 6) <= 2);
}

void check_verdict(const StubReply& reply) {
  if (!reply.asked) return;
  const std::string& name = reply.asked->name;
  const bool named = name == "allowed.org" || is_below(name, "wild.org");
  if (reply.asked->verdict.allowed()) REQUIRE(named);
  if (!reply.asked->verdict.allowed()) REQUIRE((two(reply.message, 2) & 0xF) == 3);
  if (!reply.asked->verdict.allowed()) REQUIRE(two(reply.message, 6) == 0);
}

}  // namespace

TEST_CASE("damaged questions get right answers, a refusal or silence") {
  fuzz::Mutations mutations(questions());
  Stubbed world;
  std::size_t taken = 0;
  for (uint64_t i = 0; i < fuzz::Mutations::rounds(); ++i) {
    const std::string question = mutations.next();
    const Transport transport = mutations.below(2) == 0 ? Transport::kUdp : Transport::kTcp;
    const StubReply reply = world.stub.answer(question, transport, {});
    check_form(question, reply, transport);
    check_verdict(reply);
    taken += reply.asked ? 1U : 0U;
  }
  CHECK(taken > fuzz::Mutations::rounds() / 10);  // else nothing but headers would have been tried
  CHECK(world.names.size() <= 51);
}

TEST_CASE("a damaged stream of messages is cut without losing or inventing a byte") {
  fuzz::Mutations mutations(
      {dns::framed(samples::query("allowed.org", dns::kA)) + dns::framed("") + dns::framed("xy")});
  for (uint64_t i = 0; i < fuzz::Mutations::rounds() / 10; ++i) {
    const std::string bytes = mutations.next();
    dns::MessageStream stream;
    std::string again;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + mutations.below(40);
      stream.feed(std::string_view(bytes).substr(at, size));
      at += size;
      while (const auto message = stream.next()) again += dns::framed(*message);
    }
    REQUIRE(again == bytes.substr(0, again.size()));
    REQUIRE(again.size() + stream.waiting() == bytes.size());
  }
}

}  // namespace clawbox::egress
