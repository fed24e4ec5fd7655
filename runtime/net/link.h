// Links, addresses and routes of the session's own network namespace, by rtnetlink(7) through libmnl.
#pragma once

#include "plan/plan.h"

namespace clawbox::net {

/// Brings `lo` up. Needs CAP_NET_ADMIN in the network namespace of the caller.
void bring_loopback_up();

/// What `lo` can do in a namespace: a host may be without IPv6.
enum class Ipv6 { kNone, kThere };

/// Brings `lo` up with the first address of each range, and makes every other address of the world local to the
/// namespace (AnyIP: `local default dev lo`), so that a packet to it never leaves and a listener inside can have it.
/// Needs CAP_NET_ADMIN as above.
Ipv6 make_every_address_local(const SyntheticRanges& ranges);

/// The address of the listeners: the first usable one of a range.
IpAddress listener_address(const IpPrefix& range);

}  // namespace clawbox::net
