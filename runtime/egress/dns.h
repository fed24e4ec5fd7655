// The wire format of DNS, as far as a stub needs it: RFC 1035, 6891 (EDNS), 8914 (extended errors). Pure.
//
// Every byte of a query is hostile. One question each; names in questions are never compressed by honest programs, and
// pointers are refused. Names come out canonical (base/host_name.h) or as "nothing that a rule could name".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "egress/rules.h"

namespace clawbox::egress::dns {

inline constexpr std::size_t kMaxMessage = 65535;
inline constexpr uint16_t kPlainUdpSize = 512;  // without EDNS
inline constexpr uint16_t kUdpSize = 1232;      // what we take and give by UDP: no fragments

enum Type : uint16_t { kA = 1, kPtr = 12, kAaaa = 28, kOpt = 41, kSvcb = 64, kHttps = 65, kAny = 255 };

enum class ReplyCode : uint8_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNoName = 3,
  kNotImplemented = 4,
  kRefused = 5,
  kBadVersion = 16
};

struct Query {
  uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  uint16_t type = 0;
  std::string question;               // as it came, to be echoed: name with its case (0x20), type, class
  std::string shown;                  // the name for records: labels with dots, bytes as they came
  std::optional<std::string> name;    // canonical; nothing: no rule can name it
  std::optional<IpAddress> reverse;   // of PTR questions below in-addr.arpa and ip6.arpa
  std::optional<uint16_t> edns_size;  // with EDNS: what the program takes by UDP, at least 512
};

/// No answer can be made of it, or none should be: too short, or a response itself.
struct Ignored {};
/// The answer is this message, already on the wire format.
struct Rejected {
  ReplyCode code;
  std::string message;
};
using Parsed = std::variant<Query, Rejected, Ignored>;

/// `message` without the two bytes of length that TCP puts before it.
Parsed parse_query(std::string_view message);

/// Codes of RFC 8914.
enum class ExtendedError : uint16_t { kBlocked = 15, kNoReachableAuthority = 22, kOther = 0 };

struct Answer {
  ReplyCode code = ReplyCode::kNoError;
  std::vector<IpAddress> addresses;    // of the question's type
  std::optional<std::string> pointer;  // of PTR
  std::optional<ExtendedError> extended;
  std::string extended_text;  // UTF-8; with EDNS only
  uint32_t ttl = 0;           // seconds
};

/// Without TCP's length. By UDP what does not fit is cut off with TC set.
std::string write_answer(const Query& query, const Answer& answer, Transport transport);

/// "AAAA", "TYPE1234"
std::string type_name(uint16_t type);

/// A stream of messages with two bytes of length before each: RFC 1035 4.2.2.
class MessageStream {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole message, or nothing yet.
  std::optional<std::string> next();
  std::size_t waiting() const { return buffer_.size(); }

 private:
  std::string buffer_;
};
/// The length put before a message.
std::string framed(const std::string& message);

}  // namespace clawbox::egress::dns
