// What the connections of a relay share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "egress/flow.h"
#include "egress/names.h"
#include "egress/outbox.h"
#include "egress/reachable.h"
#include "egress/resolver.h"
#include "egress/rules.h"
#include "plan/plan.h"
#include "sys/loop.h"

namespace clawbox::egress {

using Clock = std::chrono::steady_clock;

/// Sockets of the session's network, neither bound nor connected.
class Spares {
 public:
  void add(IpAddress::Family family, int type, OwnedFd socket);
  OwnedFd take(IpAddress::Family family, int type);  // empty: none are left
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
  OwnedFd again{};                     // eventfd: readable while connections are unfinished
  std::vector<uint32_t> unfinished{};  // that have more to move than one turn of the loop should
  uint64_t bytes = 0;                  // passed on in the life of the session
  void go_on_later(uint32_t connection);
  bool is_over_budget() const { return list.bytes && bytes >= list.bytes->value; }
};

}  // namespace clawbox::egress
