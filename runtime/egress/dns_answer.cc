#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "egress/dns_wire.h"

namespace clawbox::egress::dns {
namespace {

constexpr uint16_t kExtendedErrorOption = 15;

void put(std::string& out, uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}
void put_four(std::string& out, uint32_t value) {
  put(out, static_cast<uint16_t>(value >> 16));
  put(out, static_cast<uint16_t>(value & 0xFFFF));
}

struct Wanted {
  const Query& query;
  const Answer& answer;

  bool is_address(const IpAddress& address) const {
    return address.is_v4() ? query.type == kA || query.type == kAny : query.type == kAaaa || query.type == kAny;
  }
};

std::string wire_name(const std::string& name) {
  std::string out;
  for (const std::string& label : split(name, '.')) {
    out += static_cast<char>(label.size());
    out += label;
  }
  return out + '\0';
}

std::string record(uint16_t type, uint32_t ttl, std::string_view data) {
  std::string out;
  put(out, 0xC000 | kHeader);  // the question's name, which stands right after the header
  put(out, type);
  put(out, kClassIn);
  put_four(out, ttl);
  put(out, static_cast<uint16_t>(data.size()));
  return out.append(data);
}

std::vector<std::string> records_of(const Query& query, const Answer& answer) {
  std::vector<std::string> records;
  const Wanted wanted{query, answer};
  for (const IpAddress& address : answer.addresses) {
    if (!wanted.is_address(address)) continue;
    const auto bytes = address.bytes();
    records.push_back(
        record(address.is_v4() ? kA : kAaaa, answer.ttl, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  if (answer.pointer && query.type == kPtr) records.push_back(record(kPtr, answer.ttl, wire_name(*answer.pointer)));
  return records;
}

// RFC 6891 6.1.2, with RFC 8914's option.
std::string edns_record(const Answer& answer) {
  std::string option;
  if (answer.extended) {
    put(option, kExtendedErrorOption);
    put(option, static_cast<uint16_t>(2 + answer.extended_text.size()));
    put(option, static_cast<uint16_t>(*answer.extended));
    option += answer.extended_text;
  }
  std::string out(1, '\0');
  put(out, kOpt);
  put(out, kUdpSize);
  put_four(out, static_cast<uint32_t>(static_cast<unsigned>(answer.code) >> 4) << 24);
  put(out, static_cast<uint16_t>(option.size()));
  return out + option;
}

}  // namespace

std::string header(uint16_t id, uint16_t flags, Counts counts) {
  std::string out;
  for (const uint16_t value : {id, flags, counts.questions, counts.answers, uint16_t{0}, counts.additional})
    put(out, value);
  return out;
}

uint16_t reply_flags(uint16_t asked, ReplyCode code) {
  const auto low = static_cast<uint16_t>(static_cast<unsigned>(code) & 0xF);
  const auto kept = static_cast<uint16_t>(asked & (kOpcode | kRecursionDesired | kCheckingDisabled));
  return static_cast<uint16_t>(kResponse | kRecursionAvailable | kept | low);
}

std::string write_answer(const Query& query, const Answer& answer, Transport transport) {
  uint16_t asked = query.recursion_desired ? kRecursionDesired : uint16_t{0};
  if (query.checking_disabled) asked |= kCheckingDisabled;
  uint16_t flags = reply_flags(asked, answer.code);
  std::vector<std::string> records = records_of(query, answer);
  const std::string edns = query.edns_size ? edns_record(answer) : "";
  const std::string body = joined(records, "");
  const std::size_t whole = kHeader + query.question.size() + body.size() + edns.size();
  const std::size_t room =
      transport == Transport::kTcp ? kMaxMessage : std::min(query.edns_size.value_or(kPlainUdpSize), kUdpSize);
  const bool fits = whole <= room;
  if (!fits) flags |= kTruncated;
  const Counts counts{1, static_cast<uint16_t>(fits ? records.size() : 0), static_cast<uint16_t>(edns.empty() ? 0 : 1)};
  return header(query.id, flags, counts) + query.question + (fits ? body : "") + edns;
}

std::string type_name(uint16_t type) {
  struct Named {
    uint16_t type;
    const char* name;
  };
  static constexpr std::array<Named, 15> kNames = {{{1, "A"},
                                                    {2, "NS"},
                                                    {5, "CNAME"},
                                                    {6, "SOA"},
                                                    {12, "PTR"},
                                                    {15, "MX"},
                                                    {16, "TXT"},
                                                    {28, "AAAA"},
                                                    {33, "SRV"},
                                                    {35, "NAPTR"},
                                                    {43, "DS"},
                                                    {48, "DNSKEY"},
                                                    {64, "SVCB"},
                                                    {65, "HTTPS"},
                                                    {255, "ANY"}}};
  const auto* found = std::find_if(kNames.begin(), kNames.end(), [type](const Named& n) { return n.type == type; });
  return found == kNames.end() ? fmt::format("TYPE{}", type) : found->name;
}

std::optional<std::string> MessageStream::next() {
  if (buffer_.size() < 2) return {};
  const std::size_t length = static_cast<unsigned char>(buffer_[0]) * 256U + static_cast<unsigned char>(buffer_[1]);
  if (buffer_.size() < 2 + length) return {};
  std::string message = buffer_.substr(2, length);
  buffer_.erase(0, 2 + length);
  return message;
}

std::string framed(const std::string& message) {
  std::string out;
  put(out, static_cast<uint16_t>(message.size()));
  return out + message;
}

}  // namespace clawbox::egress::dns
