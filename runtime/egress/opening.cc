#include "egress/opening.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/host_name.h"
#include "base/text.h"

namespace clawbox::egress {
namespace {

constexpr std::array<uint16_t, 12> kWebPorts = {80, 443, 591, 3000, 4443, 8000, 8008, 8080, 8081, 8443, 8888, 9443};
constexpr char kTlsHandshake = 22;

bool waits_for_client(uint16_t port, Speaks speaks) {
  return speaks == Speaks::kTls || speaks == Speaks::kHttp || (speaks == Speaks::kAuto && is_web_port(port));
}

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

bool is_handshake(std::string_view bytes) { return bytes.size() > 1 && bytes[0] == kTlsHandshake && bytes[1] == 3; }

// Words and a blank begin the lines of many protocols: an HTTP request is known by the end of its first line. Servers
// take empty lines before it (RFC 9112, 2.2).
Likeness like_request_line(std::string_view bytes) {
  while (bytes.starts_with('\r') || bytes.starts_with('\n')) bytes.remove_prefix(1);
  if (bytes.empty()) return Likeness::kMaybe;
  if (like_http(bytes) == Likeness::kNo) return Likeness::kNo;
  const std::string_view method = bytes.substr(0, bytes.find(' '));
  if (!std::all_of(method.begin(), method.end(), is_capital)) return Likeness::kNo;
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return Likeness::kMaybe;
  const std::string_view line = bytes.substr(0, end);
  return line.find(" HTTP/1.") != std::string_view::npos ? Likeness::kYes : Likeness::kNo;
}

}  // namespace

// Where a request is wanted.
Opening::Kind Opening::kind_of_web(std::string_view bytes, Speaks speaks) {
  if (bytes[0] == kTlsHandshake) return speaks == Speaks::kHttp ? Kind::kOther : Kind::kTls;
  const Likeness http = speaks == Speaks::kTls ? Likeness::kNo : like_http(bytes);
  if (http == Likeness::kMaybe) return Kind::kUnknown;
  return http == Likeness::kYes ? Kind::kHttp : Kind::kOther;
}

// Where anything may be spoken.
Opening::Kind Opening::kind_among_all(std::string_view bytes) {
  if (bytes[0] == kTlsHandshake && bytes.size() < 2) return Kind::kUnknown;
  if (is_handshake(bytes)) return Kind::kTls;
  const Likeness http = like_request_line(bytes);
  if (http == Likeness::kMaybe) return Kind::kUnknown;
  return http == Likeness::kYes ? Kind::kHttp : Kind::kOther;
}

bool is_web_port(uint16_t port) { return std::find(kWebPorts.begin(), kWebPorts.end(), port) != kWebPorts.end(); }

Opening::Opening(std::string host, uint16_t port, Speaks speaks, Ech ech)
    : host_(std::move(host)), port_(port), speaks_(speaks), ech_(ech), dial_(Dial::kAtOnce) {
  if (host_.empty() || speaks_ == Speaks::kAny)
    kind_ = Kind::kNotLooked;
  else if (waits_for_client(port, speaks))
    dial_ = Dial::kAfterPass;
}

Opening::Step Opening::begin() const {
  if (kind_ == Kind::kNotLooked) return Pass{};
  return NeedMore{};
}

Opening::Step Opening::feed(std::string_view bytes) {
  switch (kind_) {
    case Kind::kTls:
      return feed_tls(bytes);
    case Kind::kHttp:
      return feed_http(bytes);
    case Kind::kUnknown:
      break;
    default:
      return Pass{};
  }
  first_.append(bytes);
  return decide_kind();
}

Opening::Step Opening::decide_kind() {
  if (first_.empty()) return NeedMore{};
  const Kind kind = dial_ == Dial::kAtOnce ? kind_among_all(first_) : kind_of_web(first_, speaks_);
  if (kind == Kind::kUnknown)
    return first_.size() > kMaxHttpHead ? refused("an HTTP request with a line that does not end") : NeedMore{};
  if (kind == Kind::kOther) return other_bytes();
  kind_ = kind;
  const std::string held = std::move(first_);
  return kind == Kind::kTls ? feed_tls(held) : feed_http(held);
}

Opening::Step Opening::other_bytes() {
  kind_ = Kind::kOther;
  if (dial_ == Dial::kAtOnce) return Pass{};
  const char* wanted = speaks_ == Speaks::kTls    ? "a TLS hello"
                       : speaks_ == Speaks::kHttp ? "an HTTP request"
                                                  : "a TLS hello or an HTTP request";
  return refused(fmt::format("port {} of {} must begin with {}; speaks = \"any\" in its rule takes everything", port_,
                             in_quotes(host_), wanted));
}

Opening::Step Opening::feed_tls(std::string_view bytes) {
  const TlsHelloReader::State state = tls_.feed(bytes);
  if (state == TlsHelloReader::State::kNeedMore) return NeedMore{};
  if (state == TlsHelloReader::State::kBroken) return refused(tls_.problem());
  const TlsHello& hello = tls_.hello();
  if (hello.encrypted_hello && ech_ == Ech::kRefuse)
    return refused("the TLS hello hides a server's name (ECH), and network.ech is \"refuse\"");
  if (!hello.server_name)
    return refused(
        fmt::format("the TLS hello does not name {}, and speaks in its rule is not \"any\"", in_quotes(host_)));
  if (canonical_host_name(*hello.server_name) != host_)
    return refused(fmt::format("the TLS hello names {}, and the connection is to {}", in_quotes(*hello.server_name),
                               in_quotes(host_)));
  return Pass{};
}

Opening::Step Opening::feed_http(std::string_view bytes) {
  const HttpHeadReader::State state = http_.feed(bytes);
  if (state == HttpHeadReader::State::kNeedMore) return NeedMore{};
  if (state == HttpHeadReader::State::kBroken) return refused(http_.problem());
  const HttpHead& head = http_.head();
  if (head.host != host_)
    return refused(
        fmt::format("the HTTP request is for {}, and the connection is to {}", in_quotes(head.host), in_quotes(host_)));
  return Pass{};
}

Opening::Step Opening::refused(std::string why) const {
  std::string reply;
  if (kind_ == Kind::kTls) reply = tls_access_denied();
  if (kind_ == Kind::kHttp) reply = http_forbidden(why);
  return Refuse{std::move(why), std::move(reply)};
}

Opening::Step Opening::server_spoke() {
  const bool silent = kind_ == Kind::kUnknown && first_.empty();
  if (silent && dial_ == Dial::kAtOnce) kind_ = Kind::kNotLooked;
  if (kind_ == Kind::kNotLooked) return Pass{};
  return NeedMore{};
}

Opening::Step Opening::client_ended() {
  if (kind_ == Kind::kNotLooked || kind_ == Kind::kOther) return Pass{};
  // A few letters and the end: no request, and where anything may be spoken it may be spoken in few letters.
  if (kind_ == Kind::kUnknown && dial_ == Dial::kAtOnce) return other_bytes();
  return refused("the client ended before it had said which host it wants");
}

Opening::Step Opening::time_is_up() {
  if (kind_ == Kind::kNotLooked || kind_ == Kind::kOther) return Pass{};
  // Letters that could still become a hello or a request must not pass by mere waiting.
  return refused(
      fmt::format("the client was too slow to say which host it wants; speaks = \"any\" in the rule of {} "
                  "waits for nothing",
                  in_quotes(host_)));
}

std::string_view Opening::protocol() const {
  switch (kind_) {
    case Kind::kTls:
      return "tls";
    case Kind::kHttp:
      return "http";
    case Kind::kOther:
      return "other";
    default:
      return "";
  }
}

}  // namespace clawbox::egress
