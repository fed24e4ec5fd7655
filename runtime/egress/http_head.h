// The head of an HTTP/1 client's first request, read as it comes: RFC 9112. Only the host is of interest.
//
// Strict where servers differ, because a difference is a way past the check: two Hosts, a Host beside an absolute
// target of another name, spaces before the colon, folded lines, bare CR, NUL are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clawbox::egress {

inline constexpr std::size_t kMaxHttpHead = std::size_t{64} * 1024;
inline constexpr unsigned kMaxHttpFields = 200;

struct HttpHead {
  std::string method;
  std::string target;
  std::string host;              // canonical name or address, without port and brackets
  std::optional<uint16_t> port;  // where the request says one
};

class HttpHeadReader {
 public:
  enum class State : uint8_t { kNeedMore, kDone, kBroken };

  State feed(std::string_view bytes);
  State state() const { return state_; }
  const HttpHead& head() const { return head_; }
  const std::string& problem() const { return problem_; }

 private:
  State broken(std::string problem);

  State state_ = State::kNeedMore;
  HttpHead head_;
  std::string problem_;
  std::string raw_;
};

/// Whether these first bytes can be, or become, the line of an HTTP/1 request: a token, a space.
enum class Likeness : uint8_t { kNo, kMaybe, kYes };
Likeness like_http(std::string_view first_bytes);

/// A whole answer with a body of plain text, and the end of the connection.
std::string http_forbidden(std::string_view why);

}  // namespace clawbox::egress
