#include "egress/dns.h"

#include <string>

#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress::dns {
namespace {

using samples::Edns;
using samples::number;

Query parsed(const std::string& message) {
  const Parsed result = parse_query(message);
  REQUIRE(std::holds_alternative<Query>(result));
  return std::get<Query>(result);
}

std::string rejected(const std::string& message) {
  const Parsed result = parse_query(message);
  if (std::holds_alternative<Ignored>(result)) return "ignored";
  const auto* rejection = std::get_if<Rejected>(&result);
  if (rejection == nullptr) return "taken";
  CHECK(rejection->message.substr(0, 2) == message.substr(0, 2));
  CHECK((static_cast<unsigned char>(rejection->message[2]) & 0x80) != 0);
  return "code " + std::to_string(static_cast<int>(rejection->code));
}

std::string with_question(const std::string& question) {
  return number(0x1234, 2) + number(0x0100, 2) + number(1, 2) + number(0, 6) + question;
}

}  // namespace

TEST_CASE("a question is read with its name in one form and its case kept for the echo") {
  const Query query = parsed(samples::query("WwW.ExAmPlE.oRg", kAaaa));
  CHECK(query.id == 0x1234);
  CHECK(query.recursion_desired);
  CHECK(query.type == kAaaa);
  CHECK(query.name == "www.example.org");
  CHECK(query.shown == "WwW.ExAmPlE.oRg");
  CHECK(query.question == samples::wire_name("WwW.ExAmPlE.oRg") + number(kAaaa, 2) + number(1, 2));
  CHECK(query.edns_size == 1232);
  CHECK_FALSE(parsed(samples::query("a.org", kA, Edns::kNone)).edns_size);
}

TEST_CASE("a name that no rule can name is read and has no canonical form") {
  const auto name =
      GENERATE(as<std::string>{}, "a b.org", "1.2.3.4", "a\xff.org", "*.org", std::string("a\0b.org", 7), "");
  const Query query = parsed(samples::query(name, kA));
  CHECK_FALSE(query.name);
  CHECK(query.shown == name);
}

TEST_CASE("a dot within a label is no dot") {
  const Query query =
      parsed(with_question(samples::block(1, "example.org") + std::string(1, '\0') + number(1, 2) + number(1, 2)));
  CHECK_FALSE(query.name);
}

TEST_CASE("a name of 255 octets is taken and one of 256 is broken") {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  CHECK(parsed(samples::query(longest, kA)).name == longest);
  CHECK(rejected(samples::query(longest + "b", kA)) == "code 1");
}

TEST_CASE("pointers in a question, to itself, ahead or anywhere, are broken") {
  const auto question = GENERATE(as<std::string>{}, std::string("\xC0\x0C\x00\x01\x00\x01", 6),
                                 std::string("\xC0\x00\x00\x01\x00\x01", 6),
                                 std::string("\x01"
                                             "a\xC0\x0C\x00\x01\x00\x01",
                                             8),
                                 std::string("\xC0\xFF\x00\x01\x00\x01", 6),
                                 std::string("\x40"
                                             "a\x00\x00\x01\x00\x01",
                                             7));
  CHECK(rejected(with_question(question)) == "code 1");
}

TEST_CASE("a message that ends too early is broken at every length, and below a header nothing is said") {
  const std::string whole = samples::query("www.example.org", kA);
  for (std::size_t size = 0; size < 12; ++size) CHECK(rejected(whole.substr(0, size)) == "ignored");
  for (std::size_t size = 12; size < whole.size(); ++size) CHECK(rejected(whole.substr(0, size)) == "code 1");
  CHECK(rejected(whole) == "taken");
}

TEST_CASE("responses are not answered, other opcodes are not implemented, several questions are broken") {
  CHECK(rejected(samples::query("a.org", kA, Edns::kPlain, 0x8100)) == "ignored");
  CHECK(rejected(samples::query("a.org", kA, Edns::kPlain, 0x2800)) == "code 4");  // UPDATE
  CHECK(rejected(samples::query("a.org", kA, Edns::kPlain, 0x2000)) == "code 4");  // NOTIFY
  std::string two = samples::query("a.org", kA);
  two[5] = 2;
  CHECK(rejected(two) == "code 1");
  two[5] = 0;
  CHECK(rejected(two) == "code 1");
  std::string chaos = samples::query("version.bind", 16, Edns::kNone);
  chaos.back() = 3;
  CHECK(rejected(chaos) == "code 4");
  CHECK(rejected(std::string(70000, 'x')) == "ignored");
}

TEST_CASE("a version of EDNS that we do not know is answered with BADVERS") {
  std::string message = samples::query("a.org", kA);
  message[message.size() - 5] = 1;
  CHECK(rejected(message) == "code 16");
}

TEST_CASE("reverse names give their address") {
  CHECK(parsed(samples::query("1.0.18.198.in-addr.arpa", kPtr)).reverse == parse_ip_address("198.18.0.1"));
  CHECK(parsed(samples::query("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.a.1.c.0.b.3.a.1.c.D.F.IP6.ARPA", kPtr))
            .reverse == parse_ip_address("fdc1:a3b0:c1a0:1::1"));
  for (const char* name : {"256.0.18.198.in-addr.arpa", "0.18.198.in-addr.arpa", "x.0.18.198.in-addr.arpa",
                           "in-addr.arpa", "1.0.18.198.in-addr.arpa.org", "10.0.ip6.arpa"})
    CHECK_FALSE(parsed(samples::query(name, kPtr)).reverse);
}

TEST_CASE("an answer echoes the question and carries the addresses of its type") {
  const Query query = parsed(samples::query("A.org", kA));
  const std::string message = write_answer(
      query, {.addresses = {IpAddress::v4(0xC6120010), *parse_ip_address("::1")}, .ttl = 60}, Transport::kUdp);
  const std::string opt = number(0, 1) + number(41, 2) + number(1232, 2) + number(0, 4) + number(0, 2);
  const std::string record =
      number(0xC00C, 2) + number(1, 2) + number(1, 2) + number(60, 4) + number(4, 2) + "\xC6\x12" + number(0x0010, 2);
  CHECK(message == number(0x1234, 2) + number(0x8180, 2) + number(1, 2) + number(1, 2) + number(0, 2) + number(1, 2) +
                       query.question + record + opt);
}

TEST_CASE("an extended error goes to those who speak EDNS only") {
  const Answer denied{.code = ReplyCode::kNoName, .extended = ExtendedError::kBlocked, .extended_text = "no rule"};
  const std::string with = write_answer(parsed(samples::query("a.org", kA)), denied, Transport::kUdp);
  CHECK(with.ends_with(number(15, 2) + number(9, 2) + number(15, 2) + "no rule"));
  CHECK((with[3] & 0xF) == 3);
  const std::string without = write_answer(parsed(samples::query("a.org", kA, Edns::kNone)), denied, Transport::kUdp);
  CHECK(without.find("no rule") == std::string::npos);
}

TEST_CASE("what does not fit into a datagram is cut off and says so") {
  const Query query = parsed(samples::query("a.org", kA, Edns::kNone));
  Answer answer{.ttl = 1};
  for (uint32_t i = 0; i < 100; ++i) answer.addresses.push_back(IpAddress::v4(i));
  const std::string udp = write_answer(query, answer, Transport::kUdp);
  CHECK(udp.size() <= 512);
  CHECK((udp[2] & 2) != 0);
  CHECK(udp.substr(6, 2) == number(0, 2));
  const std::string tcp = write_answer(query, answer, Transport::kTcp);
  CHECK((tcp[2] & 2) == 0);
  CHECK(tcp.substr(6, 2) == number(100, 2));
}

TEST_CASE("messages of a stream come out whole, however they came in") {
  const std::string first = samples::query("a.org", kA), second = samples::query("b.org", kAaaa);
  MessageStream stream;
  std::vector<std::string> out;
  for (const char byte : framed(first) + framed(second)) {
    stream.feed({&byte, 1});
    while (auto message = stream.next()) out.push_back(*message);
  }
  CHECK(out == std::vector<std::string>{first, second});
  CHECK(stream.waiting() == 0);
}

TEST_CASE("types have their names") {
  CHECK(type_name(kHttps) == "HTTPS");
  CHECK(type_name(4711) == "TYPE4711");
}

}  // namespace clawbox::egress::dns
