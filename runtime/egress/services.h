// What the connections of a relay share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "egress/flow.h"
#include "egress/names.h"
#include "egress/opening.h"
#include "egress/outbox.h"
#include "egress/reachable.h"
#include "egress/resolver.h"
#include "egress/rules.h"
#include "plan/plan.h"
#include "sys/loop.h"

namespace clawbox::egress {

using Clock = std::chrono::steady_clock;

/// How long anybody is waited for.
struct Patience {
  std::chrono::milliseconds opening = Opening::kLimit;  // what names a host
  std::chrono::milliseconds look_up{12'000};
  std::chrono::milliseconds dial{30'000};  // all addresses of a name
  std::chrono::milliseconds one_address{10'000};
  std::chrono::milliseconds next_address{250};   // beside the one before: RFC 8305
  std::chrono::milliseconds tunnel{20'000};      // the answer of the host's proxy
  std::chrono::milliseconds linger{2000};        // for the program to read why it was refused
  std::chrono::milliseconds idle_flow{120'000};  // UDP without a datagram either way: RFC 4787, REQ-5
};

/// Sockets of the session's network, neither bound nor connected.
class Spares {
 public:
  void add(IpAddress::Family family, int type, OwnedFd socket);
  OwnedFd take(IpAddress::Family family, int type);  // empty: none are left
  std::size_t count(IpAddress::Family family, int type) const { return sockets_[index(family, type)].size(); }
  bool has(IpAddress::Family family, int type) const { return count(family, type) > 0; }
  /// For the next who dials the session's own network. A reset to whoever it was connected with.
  void give_back(IpAddress::Family family, OwnedFd stream);

 private:
  std::vector<OwnedFd>& of(IpAddress::Family family, int type) { return sockets_[index(family, type)]; }
  static std::size_t index(IpAddress::Family family, int type);
  std::vector<OwnedFd> sockets_[4];
};

struct Services {
  const NetworkAllowlist& list;
  sys::Loop& loop;
  Outbox& outbox;
  Resolver& resolver;
  Rules& rules;
  Names& names;
  const Reachable& reachable;
  FlowPool& pool;
  Spares& spares;
  Patience patience;
  OwnedFd again{};                     // eventfd: readable while connections are unfinished
  std::vector<uint32_t> unfinished{};  // that have more to move than one turn of the loop should
  std::vector<uint32_t> over{};        // that have ended, to be taken down at the end of the turn
  uint64_t bytes = 0;                  // passed on in the life of the session
  uint64_t open = 0;                   // connections and flows of datagrams
  uint64_t admitted = 0;               // those in the life of the session
  uint32_t last_id = 0;
  void go_on_later(uint32_t connection);
  /// Why nothing new may be opened, as words; else it counts as opened.
  std::optional<std::string> admit();
  bool is_over_budget() const { return list.bytes && bytes >= list.bytes->value; }
};

}  // namespace clawbox::egress
