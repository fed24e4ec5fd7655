// The sockets of a session's network that others serve: opened inside, where an address can be bound and a transparent
// socket made, and given to the relay, which lives outside. A socket belongs to the namespace it was opened in.
#pragma once

#include <vector>

#include "base/owned_fd.h"
#include "net/link.h"
#include "plan/plan.h"

namespace clawbox::net {

/// kTransparent: listens; accepts what tproxy sends, getsockname(2) tells for whom. kDns…: bound to port 53 of every
/// address, which the program asked is in the packet (PKTINFO). kRefusals: netlink packets of nfnetlink_log. kDiag:
/// NETLINK_SOCK_DIAG. kDatagrams…: what tproxy sends of UDP, with the address that it was for (IP_RECVORIGDSTADDR).
/// kReplies…: raw, takes whole packets, so that an answer comes from that address; only rules with UDP have these two.
/// kSpare…: neither bound nor connected, to be either by who gets them. kNetwork: no socket, but the namespace, for
/// net/living.h; that and kDiag are not for the relay.
enum class Door : char {
  kTransparent4 = 'a',
  kTransparent6,
  kDnsPackets4,
  kDnsPackets6,
  kDnsStreams4,
  kDnsStreams6,
  kRefusals,
  kDiag,
  kNetwork,
  kDatagrams4,
  kDatagrams6,
  kReplies4,
  kReplies6,
  kSpareStream4,
  kSpareStream6,
};

struct Opened {
  Door door{};
  OwnedFd socket;  // not waiting (O_NONBLOCK)
};

/// After `make_every_address_local`, and `steer` where the plan has it. Needs CAP_NET_ADMIN in the network namespace of
/// the caller, and port 53 free to bind: CAP_NET_BIND_SERVICE.
std::vector<Opened> open_listeners(const NetworkAllowlist& list, Ipv6 ipv6);
/// How many streams of each family the listeners of a list, and what it publishes, begin with.
std::size_t spares_needed(const NetworkAllowlist& list);
/// kSpareStream4 and, with IPv6, as many kSpareStream6.
std::vector<Opened> spare_streams(std::size_t count, Ipv6 ipv6);

}  // namespace clawbox::net
