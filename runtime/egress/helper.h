// The relay as a process of its own: our child, outside the session, in the host's network. It has confined itself
// before it reads the first byte of anybody's, holds no capability and no file, and ends with us. Of the host's own
// addresses it knows those that were there when it began.
#pragma once

#include <string>
#include <vector>

#include "egress/news.h"
#include "egress/order.h"
#include "egress/services.h"
#include "net/listeners.h"
#include "plan/plan.h"
#include "seccomp/compile.h"
#include "sys/helper.h"

namespace clawbox::egress {

struct RelayPlan {
  const NetworkAllowlist& list;
  const seccomp::Program& relay_filters;     // of relay_calls()
  const seccomp::Program& resolver_filters;  // of resolver_calls()
  Spent spent;                               // by earlier relays of the session
  Patience patience{};
};

/// Beside the set-up of the sandbox: it waits for `begin_serving`.
sys::Helper start_relay(const RelayPlan& plan);

struct PublishedListener {
  std::size_t index = 0;  // in NetworkAllowlist::publish
  OwnedFd socket;
};
/// False, of all of these: it is gone. `opened` are given before it serves, and spares of them later too.
bool give_doors(const sys::Helper& relay, const std::vector<net::Opened>& opened);
/// What earlier relays of the session have been told and have answered.
struct Earlier {
  std::vector<LiveRule> rules;     // in order
  std::vector<std::string> names;  // that were given addresses, in order
};
/// Its first News says that it serves.
bool begin_serving(const sys::Helper& relay, const std::vector<net::Opened>& opened,
                   const std::vector<PublishedListener>& published, const Earlier& earlier);

}  // namespace clawbox::egress
