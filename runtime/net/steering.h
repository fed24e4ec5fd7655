// The session's packets on their way to the listeners, and the refusal of every other: one nf_tables batch, nft(8),
// through libmnl. It steers and makes refusals fast and loud; it is no boundary. Without the tables packets still end
// in a namespace that has only `lo`, and what reaches a listener is checked there.
//
// Least kernel: 4.19 (tproxy), as for inet tables; modules are loaded on demand, also for an ordinary user.
#pragma once

#include <cstdint>

#include "net/link.h"
#include "plan/plan.h"

namespace clawbox::net {

inline constexpr uint16_t kTransparentPort = 15001;  // of the listeners' own addresses: takes no port of the session's
inline constexpr uint16_t kRefusalGroup = 5;         // NFLOG: nfnetlink_log

/// Some rule opens UDP.
bool has_udp(const NetworkAllowlist& list);

/// For Steering::kTproxy; kAnyIp has no tables, as its listeners have the synthetic addresses themselves. To the names'
/// addresses every port that some rule has is let through: the relay resets what the name's own rule does not have.
/// Needs CAP_NET_ADMIN in the network namespace of the caller. Throws SysError, ENOENT or EOPNOTSUPP where the kernel
/// has no nf_tables or a part of it is missing.
void steer(const NetworkAllowlist& list, Ipv6 ipv6);
/// After it, in the life of the session: one more rule. A rule that is withdrawn leaves its way open, to the relay's
/// no.
void steer_more(const NetworkAllowlist& list, const NetworkRule& rule, Ipv6 ipv6);

}  // namespace clawbox::net
