#include "egress/stub.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.h"

namespace clawbox::egress {
namespace {

constexpr uint32_t kTtl = 60;               // seconds; the addresses stay right for ever, the rules may change
constexpr std::size_t kLongestWords = 200;  // of an extended error: what fits beside the longest question without TCP

dns::Answer no_such_name(const std::string& why) {
  dns::Answer answer{.code = dns::ReplyCode::kNoName, .extended = dns::ExtendedError::kBlocked};
  std::size_t end = std::min(why.size(), kLongestWords);
  while (end < why.size() && (static_cast<unsigned char>(why[end]) & 0xC0) == 0x80) --end;
  answer.extended_text = why.substr(0, end);
  return answer;
}

bool is_local(const std::string& name) { return name == "localhost" || is_below(name, "localhost"); }

// RFC 6761 6.3: it never leaves the host, and inside it is the session itself.
dns::Answer localhost_answer() {
  std::array<uint8_t, 16> one{};
  one[15] = 1;
  return {.addresses = {IpAddress::v4(0x7f000001), IpAddress::v6(one)}, .ttl = kTtl};
}

bool asks_address(uint16_t type) { return type == dns::kA || type == dns::kAaaa || type == dns::kAny; }

}  // namespace

StubReply Stub::answer(std::string_view message, Transport transport, Names::Clock::time_point now) {
  const dns::Parsed parsed = dns::parse_query(message);
  if (std::holds_alternative<dns::Ignored>(parsed)) return {};
  if (const auto* rejected = std::get_if<dns::Rejected>(&parsed)) return {rejected->message, {}};

  const auto& query = std::get<dns::Query>(parsed);
  if (query.name && is_local(*query.name)) return {dns::write_answer(query, localhost_answer(), transport), {}};
  if (query.reverse && query.type == dns::kPtr) return {dns::write_answer(query, pointer_for(query), transport), {}};
  AskedName asked{query.name.value_or(query.shown), dns::type_name(query.type), {}, {}};
  const dns::Answer answer = answer_for(query, asked, now);
  return {dns::write_answer(query, answer, transport), std::move(asked)};
}

dns::Answer Stub::answer_for(const dns::Query& query, AskedName& asked, Names::Clock::time_point now) {
  Verdict& verdict = asked.verdict;
  if (!query.name) {
    verdict.why = "no rule can name it";
    return no_such_name(verdict.why);
  }
  verdict = rules_.decide_name(*query.name);
  if (!verdict.allowed()) return no_such_name(verdict.why);
  if (!asks_address(query.type)) return {.ttl = kTtl};

  const auto* below = std::get_if<Subdomains>(&verdict.rule->target);
  const std::size_t before = names_.size();
  const auto given = names_.addresses_of(*query.name, below == nullptr ? NameKind::kExact : NameKind::kWildcard,
                                         below == nullptr ? "" : below->domain, now);
  if (const auto* refusal = std::get_if<Names::Refusal>(&given)) {
    verdict.answer = Verdict::Answer::kDeny;
    verdict.why = words_for(*refusal, limits_);
    return no_such_name(verdict.why);
  }
  const auto& addresses = std::get<SyntheticAddresses>(given);
  asked.given = addresses;
  asked.is_new = names_.size() > before;
  return {.addresses = {addresses.v4, addresses.v6}, .ttl = kTtl};
}

dns::Answer Stub::pointer_for(const dns::Query& query) const {
  if (kind_of(*query.reverse) == AddressKind::kLoopback) return {.pointer = "localhost", .ttl = kTtl};
  if (auto name = names_.name_of(*query.reverse)) return {.pointer = std::move(name), .ttl = kTtl};
  return no_such_name("addresses have names only where they stand for an allowed one");
}

}  // namespace clawbox::egress
