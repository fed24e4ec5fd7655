#include "net/listeners.h"

// First: the kernel's headers give way to it, and not the other way round.
#include <netinet/in.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "net/netlink.h"
#include "net/steering.h"
#include "sys/files.h"
#include "sys/inet_sockets.h"

namespace clawbox::net {
namespace {

constexpr int kBacklog = 4096;
constexpr uint16_t kDns = 53;
constexpr std::size_t kSparesForPublish = 16;  // connections to published ports; the relay asks for more
constexpr std::size_t kSparesOfWildcard = 8;   // for each of its ports: names below it; as above
constexpr std::size_t kMostSpares = 512;       // of each kind
constexpr int kIpv6OriginalAddress = 74, kIpv6Transparent = 75,
              kIpv6Freebind = 78;  // <linux/in6.h>, which quarrels with <netinet/in.h>

OwnedFd new_socket(int family, int type) {
  OwnedFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_errno("opening a socket of the session's network");
  return socket;
}

void set(const OwnedFd& socket, int level, int option, const char* name) {
  const int on = 1;
  if (::setsockopt(socket.get(), level, option, &on, sizeof on) < 0) throw_errno("setting {}", name);
}

void bind_to(const OwnedFd& socket, const IpAddress& address, uint16_t port) {
  errno = sys::try_binding(socket, {address, port});
  if (errno != 0) throw_errno("binding {} port {} inside", to_string(address), port);
}

void listen(const OwnedFd& socket) {
  if (::listen(socket.get(), kBacklog) < 0) throw_errno("listening inside");
}

OwnedFd inside_socket(int family, int type) {
  OwnedFd socket = new_socket(family, type);
  if (family == AF_INET6) {
    set(socket, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
    set(socket, IPPROTO_IPV6, kIpv6Freebind, "IPV6_FREEBIND");  // a bind does not look at AnyIP routes
  }
  return socket;
}

OwnedFd transparent_socket(const IpAddress& address, int type) {
  const bool v4 = address.is_v4();
  OwnedFd socket = inside_socket(v4 ? AF_INET : AF_INET6, type);
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  set(socket, level, v4 ? IP_TRANSPARENT : kIpv6Transparent, "IP_TRANSPARENT");
  if (type == SOCK_DGRAM) set(socket, level, v4 ? IP_RECVORIGDSTADDR : kIpv6OriginalAddress, "IP_RECVORIGDSTADDR");
  bind_to(socket, address, kTransparentPort);
  if (type == SOCK_STREAM) listen(socket);
  return socket;
}

/// IPPROTO_RAW: it sends whole packets, whose source may be any address, and receives none that a program may send.
OwnedFd reply_socket(int family) {
  OwnedFd socket(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  if (!socket) throw_errno("opening a raw socket of the session's network");
  return socket;
}

OwnedFd dns_socket(int family, int type) {
  const IpAddress any = family == AF_INET ? IpAddress() : IpAddress::v6(std::array<uint8_t, 16>{});
  OwnedFd socket = inside_socket(family, type);
  if (type == SOCK_DGRAM) {
    if (family == AF_INET) set(socket, IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO");
    if (family == AF_INET6) set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO");
  }
  bind_to(socket, any, kDns);
  if (type == SOCK_STREAM) listen(socket);
  return socket;
}

nlmsghdr* add_log_request(Requests& requests, uint8_t family, uint16_t group, const char* doing) {
  nlmsghdr* message = requests.add(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, doing);
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  extra->nfgen_family = family;
  extra->version = NFNETLINK_V0;
  extra->res_id = htons(group);
  return message;
}

/// Bound to the group of refused packets; each packet comes as soon as it is refused.
OwnedFd refusal_socket() {
  const Netlink netlink(NETLINK_NETFILTER);
  Requests requests(8192);
  nfulnl_msg_config_cmd bind{NFULNL_CFG_CMD_BIND};
  mnl_attr_put(add_log_request(requests, AF_UNSPEC, kRefusalGroup, "binding the log of refused packets"), NFULA_CFG_CMD,
               sizeof bind, &bind);
  nfulnl_msg_config_mode mode{htonl(64), NFULNL_COPY_PACKET, 0};
  nlmsghdr* message = add_log_request(requests, AF_UNSPEC, kRefusalGroup, "setting up the log of refused packets");
  mnl_attr_put(message, NFULA_CFG_MODE, sizeof mode, &mode);
  mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(1));
  mnl_attr_put_u16(message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));  // what is lost leaves a gap
  netlink.ask(requests, requests.last_sequence());
  OwnedFd socket = sys::duplicate(netlink.fd());
  sys::set_nonblocking(socket.get());
  return socket;
}

OwnedFd diag_socket() {
  constexpr int kSockDiag = 4;  // NETLINK_SOCK_DIAG
  OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kSockDiag));
  return socket;  // without it a record does not name the program
}

std::size_t ports_in(const NetworkRule& rule) {
  std::size_t count = 0;
  for (const PortRange& range : rule.ports) count += static_cast<std::size_t>(range.last - range.first) + 1;
  return count;
}

/// AnyIP mode: a listener for each name or address and port, of both families.
std::size_t listeners_needed(const NetworkAllowlist& list) {
  if (list.steering != NetworkAllowlist::Steering::kAnyIp) return 0;
  std::size_t count = 0;
  for (const NetworkRule& rule : list.rules)
    count += ports_in(rule) * (std::holds_alternative<Subdomains>(rule.target) ? kSparesOfWildcard : 1);
  return count;
}

}  // namespace

std::vector<Opened> open_listeners(const NetworkAllowlist& list, Ipv6 ipv6) {
  const bool v6 = ipv6 == Ipv6::kThere;
  const bool transparent = list.steering == NetworkAllowlist::Steering::kTproxy;
  std::vector<Opened> opened;
  const auto give = [&](Door door, OwnedFd socket) { opened.push_back({door, std::move(socket)}); };
  if (transparent) give(Door::kTransparent4, transparent_socket(listener_address(list.synthetic.v4), SOCK_STREAM));
  if (transparent && v6)
    give(Door::kTransparent6, transparent_socket(listener_address(list.synthetic.v6), SOCK_STREAM));
  give(Door::kDnsPackets4, dns_socket(AF_INET, SOCK_DGRAM));
  give(Door::kDnsStreams4, dns_socket(AF_INET, SOCK_STREAM));
  if (v6) give(Door::kDnsPackets6, dns_socket(AF_INET6, SOCK_DGRAM));
  if (v6) give(Door::kDnsStreams6, dns_socket(AF_INET6, SOCK_STREAM));
  if (transparent) give(Door::kRefusals, refusal_socket());
  if (OwnedFd diag = diag_socket()) give(Door::kDiag, std::move(diag));
  const bool udp = transparent && has_udp(list);
  if (udp) give(Door::kReplies4, reply_socket(AF_INET));
  if (udp) give(Door::kDatagrams4, transparent_socket(listener_address(list.synthetic.v4), SOCK_DGRAM));
  if (udp && v6) give(Door::kReplies6, reply_socket(AF_INET6));
  if (udp && v6) give(Door::kDatagrams6, transparent_socket(listener_address(list.synthetic.v6), SOCK_DGRAM));
  give(Door::kNetwork, sys::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  for (Opened& spare : spare_streams(spares_needed(list), ipv6)) opened.push_back(std::move(spare));
  return opened;
}

std::size_t spares_needed(const NetworkAllowlist& list) {
  return std::min(kMostSpares,
                  listeners_needed(list) + list.host_ports.size() + (list.publish.empty() ? 0 : kSparesForPublish));
}

std::vector<Opened> spare_streams(std::size_t count, Ipv6 ipv6) {
  std::vector<Opened> opened;
  for (std::size_t i = 0; i < count; ++i) {
    opened.push_back({Door::kSpareStream4, inside_socket(AF_INET, SOCK_STREAM)});
    if (ipv6 == Ipv6::kThere) opened.push_back({Door::kSpareStream6, inside_socket(AF_INET6, SOCK_STREAM)});
  }
  return opened;
}

}  // namespace clawbox::net
