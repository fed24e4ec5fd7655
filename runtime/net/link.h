// Links of the session's own network namespace, by rtnetlink(7) through libmnl.
#pragma once

namespace clawbox::net {

/// Brings `lo` up. Needs CAP_NET_ADMIN in the network namespace of the caller.
void bring_loopback_up();

}  // namespace clawbox::net
