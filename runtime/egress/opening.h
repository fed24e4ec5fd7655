// The beginning of one TCP connection to a name: do its first bytes name the host that was asked for? Pure.
//
// A server of many names (a CDN) would serve any of them to whoever says so in TLS's server name or HTTP's Host; this
// is where that is refused. It sees no name inside TLS, and only the first request of a connection in the clear.
//
// Where the server speaks first (SSH, SMTP, MySQL) nothing is looked at and nothing is delayed: see `dial`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/network_rule.h"
#include "egress/http_head.h"
#include "egress/tls_hello.h"
#include "plan/plan.h"

namespace clawbox::egress {

class Opening {
 public:
  struct NeedMore {};
  struct Pass {};  // from here bytes go through untouched, those that were held first
  struct Refuse {
    std::string why;    // for the trail
    std::string reply;  // to be sent before the end: a TLS alert, an HTTP 403, or nothing (then reset)
  };
  using Step = std::variant<NeedMore, Pass, Refuse>;

  /// kAfterPass: the client speaks first, and the server is not dialled before it has said whom it wants. kAtOnce: dial
  /// without waiting and let the server's bytes through, while those of the client wait for Pass.
  enum class Dial : uint8_t { kAfterPass, kAtOnce };

  /// `host`: canonical; empty where the rule is about an address, and then everything passes.
  Opening(std::string host, uint16_t port, Speaks speaks, Ech ech);

  Dial dial() const { return dial_; }
  /// How long the client may take, from accept with kAfterPass, from its first byte with kAtOnce.
  static constexpr std::chrono::milliseconds kLimit{10000};

  /// At the beginning: Pass at once where nothing is to be looked at.
  Step begin() const;
  /// The client's bytes that follow those fed before; the caller keeps them all until Pass.
  Step feed(std::string_view bytes);
  Step server_spoke();  // with kAtOnce: Pass where the client had said nothing
  Step client_ended();  // shutdown before a verdict
  Step time_is_up();

  /// After Pass: what the client said, for the trail. "tls", "http", "other", or "" where nobody looked.
  std::string_view protocol() const;

 private:
  enum class Kind : uint8_t { kUnknown, kTls, kHttp, kOther, kNotLooked };

  static Kind kind_of_web(std::string_view bytes, Speaks speaks);
  static Kind kind_among_all(std::string_view bytes);
  Step decide_kind();
  Step feed_tls(std::string_view bytes);
  Step feed_http(std::string_view bytes);
  Step refused(std::string why) const;
  Step other_bytes();

  std::string host_;
  uint16_t port_;
  Speaks speaks_;
  Ech ech_;
  Dial dial_;
  Kind kind_ = Kind::kUnknown;
  std::string first_;
  TlsHelloReader tls_;
  HttpHeadReader http_;
};

/// 80, 443 and those used in their place.
bool is_web_port(uint16_t port);

}  // namespace clawbox::egress
