#include "egress/dns.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/host_name.h"
#include "base/text.h"
#include "egress/dns_wire.h"

namespace clawbox::egress::dns {
namespace {

constexpr std::size_t kMaxWireName = 255;
constexpr unsigned kMaxRecords = 32;  // beside the question: EDNS, a cookie, a signature

struct Broken {};  // thrown and caught in this file only: a message ends where it may not

class Cursor {
 public:
  explicit Cursor(std::string_view message) : message_(message) {}

  uint8_t byte() {
    if (at_ >= message_.size()) throw Broken{};
    return static_cast<uint8_t>(message_[at_++]);
  }
  uint16_t two() {
    const unsigned high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  uint32_t four() {
    const uint32_t high = two();
    return high << 16 | two();
  }
  std::string_view take(std::size_t count) {
    if (count > message_.size() - at_) throw Broken{};
    at_ += count;
    return message_.substr(at_ - count, count);
  }
  std::size_t at() const { return at_; }

 private:
  std::string_view message_;
  std::size_t at_ = 0;
};

// A question's name. A pointer has nothing to point at there, and is where parsers loop: refused with the other bits.
std::vector<std::string> read_labels(Cursor& cursor) {
  std::vector<std::string> labels;
  std::size_t length = 1;
  for (uint8_t size = cursor.byte(); size != 0; size = cursor.byte()) {
    length += size + 1U;
    if (size > kMaxLabel || length > kMaxWireName) throw Broken{};
    labels.emplace_back(cursor.take(size));
  }
  return labels;
}

struct Edns {
  uint16_t size = 0;
  uint8_t version = 0;
};

std::optional<Edns> read_records(Cursor& cursor, unsigned count) {
  std::optional<Edns> edns;
  for (unsigned i = 0; i < count; ++i) {
    const bool root = cursor.byte() == 0;
    if (!root) throw Broken{};  // EDNS, cookies and signatures of questions: those without a name are all we know
    const uint16_t type = cursor.two(), size = cursor.two();
    const uint32_t flags = cursor.four();
    cursor.take(cursor.two());
    if (type != kOpt) continue;
    if (edns) throw Broken{};  // RFC 6891 6.1.1: two of them are a format error
    edns = Edns{size, static_cast<uint8_t>(flags >> 16)};
  }
  return edns;
}

std::optional<std::string> canonical(const std::vector<std::string>& labels) {
  for (const std::string& label : labels)  // a dot within a label is a letter there, and no dot
    if (label.find('.') != std::string::npos) return {};
  return canonical_host_name(joined(labels, "."));
}

std::optional<unsigned> number(std::string_view text, int base, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return {};
  return value;
}

// 4.3.2.1.in-addr.arpa
std::optional<IpAddress> reverse_v4(const std::vector<std::string>& labels) {
  if (labels.size() != 6) return {};
  std::array<uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto value = number(labels[3 - i], 10, 255);
    if (!value) return {};
    bytes[i] = static_cast<uint8_t>(*value);
  }
  return IpAddress::v4(bytes);
}

std::optional<IpAddress> reverse_v6(const std::vector<std::string>& labels) {
  if (labels.size() != 34) return {};
  std::array<uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 32; ++i) {
    const auto value = labels[31 - i].size() == 1 ? number(labels[31 - i], 16, 15) : std::nullopt;
    if (!value) return {};
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | (i % 2 == 0 ? *value << 4 : *value));
  }
  return IpAddress::v6(bytes);
}

std::optional<IpAddress> reverse_of(const std::vector<std::string>& labels) {
  if (labels.size() < 2) return {};
  const auto below = canonical_host_name(labels[labels.size() - 2] + "." + labels.back());
  if (below == "in-addr.arpa") return reverse_v4(labels);
  if (below == "ip6.arpa") return reverse_v6(labels);
  return {};
}

Rejected rejected(uint16_t id, uint16_t flags, ReplyCode code) {
  return {code, header(id, reply_flags(flags, code), {})};
}

Parsed parse_checked(std::string_view message) {
  Cursor cursor(message);
  const uint16_t id = cursor.two(), flags = cursor.two();
  if ((flags & kResponse) != 0) return Ignored{};
  if ((flags & kOpcode) != 0) return rejected(id, flags, ReplyCode::kNotImplemented);
  const unsigned questions = cursor.two(), answers = cursor.two(), authority = cursor.two(), more = cursor.two();
  if (questions != 1 || answers != 0 || authority != 0 || more > kMaxRecords)
    return rejected(id, flags, ReplyCode::kFormatError);
  try {
    Query query;
    query.id = id;
    query.recursion_desired = (flags & kRecursionDesired) != 0;
    query.checking_disabled = (flags & kCheckingDisabled) != 0;
    const std::vector<std::string> labels = read_labels(cursor);
    query.type = cursor.two();
    const uint16_t question_class = cursor.two();
    query.question = message.substr(kHeader, cursor.at() - kHeader);
    const std::optional<Edns> edns = read_records(cursor, more);
    if (edns && edns->version != 0) {
      query.edns_size = kPlainUdpSize;
      return Rejected{ReplyCode::kBadVersion, write_answer(query, {.code = ReplyCode::kBadVersion}, Transport::kTcp)};
    }
    if (question_class != kClassIn && question_class != kClassAny)
      return rejected(id, flags, ReplyCode::kNotImplemented);
    if (edns) query.edns_size = std::max(edns->size, kPlainUdpSize);
    query.shown = joined(labels, ".");
    query.name = canonical(labels);
    query.reverse = reverse_of(labels);
    return query;
  } catch (const Broken&) {
    return rejected(id, flags, ReplyCode::kFormatError);
  }
}

}  // namespace

Parsed parse_query(std::string_view message) {
  if (message.size() < kHeader || message.size() > kMaxMessage) return Ignored{};
  return parse_checked(message);
}

}  // namespace clawbox::egress::dns
