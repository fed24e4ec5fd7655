// Changes to the network of a session that runs: by a child of ours that enters the user namespace which owns it, and
// through that the network. Who made the session may: user_namespaces(7), ioctl_ns(2), setns(2).
#pragma once

#include <cstddef>
#include <vector>

#include "base/owned_fd.h"
#include "net/listeners.h"
#include "plan/plan.h"

namespace clawbox::net {

/// `network`: of Door::kNetwork. All throw SysError with what could not be done; each takes about a millisecond.

/// Kept streams, neither bound nor connected, `count` of each family that is there.
std::vector<Opened> open_spares(const OwnedFd& network, std::size_t count, Ipv6 ipv6);
/// With Steering::kTproxy: what `rule` names finds its way to the listeners, as after `steer` with it.
void let_through(const OwnedFd& network, const NetworkAllowlist& list, const NetworkRule& rule, Ipv6 ipv6);

}  // namespace clawbox::net
