// One TCP connection of the session: whom it is for, whether its first bytes agree, the address that is dialled, and
// the bytes of both ways until the end. Every byte of either side is hostile.
//
// The steps: the opening (egress/opening.h), the look-up, the check of each address (egress/reachable.h), the dial of a
// checked address, or of the host's proxy after the check, the flows. What is refused ends with the opening's reply or
// with RST; so does what cannot be reached, since the program's own connect has succeeded already. Half-closed ends
// stay so, RST is passed on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egress/dialler.h"
#include "egress/news.h"
#include "egress/opening.h"
#include "egress/services.h"

namespace clawbox::egress {

/// What a connection is for.
struct Target {
  std::string host;     // canonical name; empty: an address that a rule names
  sys::Endpoint asked;  // as the program dialled it
  RulePtr rule;         // that allows it; none: `direct`
  std::string why;      // for the record
  Speaks speaks = Speaks::kAny;
  std::vector<sys::Endpoint> direct;  // neither looked up nor checked: of published ports and host_ports
  enum class Side : uint8_t { kHost, kInside } side = Side::kHost;  // whose network is dialled
};

class Connection {
 public:
  Connection(Services& services, uint32_t id, OwnedFd client, Target target);
  ~Connection();
  Connection(const Connection&) = delete;

  void begin();
  /// Deadlines; at least every 100 ms while `is_waiting`: for a server, or for the client's first bytes.
  void tick(Clock::time_point now);
  bool is_waiting() const { return phase_ != Phase::kOver && (phase_ != Phase::kPassing || !passed_); }
  bool is_over() const { return phase_ == Phase::kOver; }
  /// Others had their turn.
  void go_on();
  void session_ended() { reset(News::Outcome::kConnected, "the session ended"); }
  /// The rules have changed: ends it where they do not allow it any more.
  void judge_again();

 private:
  enum class Phase : uint8_t { kOpening, kResolving, kDialling, kTunnelling, kPassing, kLingering, kOver };

  void hear_client(uint32_t events);
  void hear_server(uint32_t events);
  void read_opening();
  void apply(const Opening::Step& step);
  void look_up();
  void dial_direct();
  using TakeAnswer = void (Connection::*)(const Resolver::Answer&);
  void ask_for(const std::string& name, TakeAnswer take);
  void take_answer(const Resolver::Answer& answer);
  void take_answer_ahead_of_proxy(const Resolver::Answer& answer);
  void take_proxy(const Resolver::Answer& answer);
  void dial(std::vector<sys::Endpoint> candidates);
  void take_server(Dialler::Result result);
  void ask_tunnel();
  void read_tunnel();
  void pass();
  void move();
  void refuse(const std::string& why, const std::string& reply);
  void end(News::Outcome outcome, const std::string& why);
  void reset(News::Outcome outcome, const std::string& why);
  void linger();
  void be_over();
  void tell_end(News::Outcome outcome, const std::string& why);
  News news(News::Kind kind) const;
  bool uses_proxy() const;

  Services& services_;
  const uint32_t id_;
  Target target_;
  Opening opening_;
  Phase phase_ = Phase::kOpening;
  bool passed_ = false, client_ended_ = false, told_ = false;
  End client_, server_;
  Flow up_, down_;
  std::string held_;    // the client's bytes until its opening has passed
  std::string answer_;  // of the proxy
  uint64_t question_ = 0;
  std::unique_ptr<Dialler> dialler_;
  std::optional<sys::Endpoint> peer_;
  std::optional<Clock::time_point> opening_until_;
  Clock::time_point until_{};  // of the step
  Clock::time_point began_ = Clock::now();
  uint16_t client_port_ = 0;
  uint64_t counted_ = 0;
};

}  // namespace clawbox::egress
