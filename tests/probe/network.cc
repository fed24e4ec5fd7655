#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "probe/check.h"

namespace probe {
namespace {

constexpr int kMptcp = 262;
constexpr int kImpossibleType = 15;  // the kernel answers EINVAL, but only if it gets as far as looking

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address address_of(const std::string& host, unsigned port) {
  Address address;
  if (host.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    ::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr);
    address.size = sizeof *v6;
    return address;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, host.c_str(), &v4->sin_addr);
  address.size = sizeof *v4;
  return address;
}

bool connects(const std::string& host, unsigned port, int type, int protocol) {
  const Address address = address_of(host, port);
  const int fd = ::socket(address.storage.ss_family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return false;
  const bool connected = ::connect(fd, address.get(), address.size) == 0;
  ::close(fd);
  return connected;
}

Result own_network_namespace(const Planted& planted) { return differs_from_host(planted, "net"); }

Result no_foreign_interface(const Planted&) {
  std::istringstream lines(read_text("/proc/net/dev"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '));
    // A new namespace gets down, unusable fallback devices of tunnel modules; only those that are up can lead out.
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool up =
        ::syscall(SYS_ioctl, fd, 0x8913 /* SIOCGIFFLAGS */, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
    ::close(fd);
    if (name != "lo" && up) return open_because("interface " + name + " is up");
  }
  return holds();
}

Result planted_port_unreachable(const Planted& planted, const char* name, const std::string& host, int protocol) {
  const auto port = fact(planted, name);
  if (!port) return not_applicable("no listener was planted");
  const unsigned number = static_cast<unsigned>(std::strtoul(port->c_str(), nullptr, 10));
  return connects(host, number, SOCK_STREAM, protocol) ? open_because("connected to " + host) : holds();
}

Result host_loopback_v4(const Planted& planted) { return planted_port_unreachable(planted, "port4", "127.0.0.1", 0); }
Result host_loopback_v6(const Planted& planted) { return planted_port_unreachable(planted, "port6", "::1", 0); }
Result host_loopback_mptcp(const Planted& planted) {
  return planted_port_unreachable(planted, "port4", "127.0.0.1", kMptcp);
}

Result host_own_address(const Planted& planted) {
  const auto host = fact(planted, "own_address");
  if (!host) return not_applicable("the host has no address of its own");
  return planted_port_unreachable(planted, "own_port", *host, 0);
}

Result host_loopback_fast_open(const Planted& planted) {
  const auto port = fact(planted, "port4");
  if (!port) return not_applicable("no listener was planted");
  const Address address = address_of("127.0.0.1", static_cast<unsigned>(std::strtoul(port->c_str(), nullptr, 10)));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const ssize_t sent = ::sendto(fd, "", 0, MSG_FASTOPEN, address.get(), address.size);
  ::close(fd);
  return failed(sent, "connected without connect");
}

// connect on a datagram socket only looks the route up: no packet leaves.
Result no_route(std::initializer_list<const char*> hosts, unsigned port) {
  for (const char* host : hosts)
    if (connects(host, port, SOCK_DGRAM, 0)) return open_because(std::string("there is a route to ") + host);
  return holds();
}

Result no_metadata_v4(const Planted&) { return no_route({"169.254.169.254", "169.254.170.2", "100.100.100.200"}, 80); }
Result no_metadata_v6(const Planted&) { return no_route({"fd00:ec2::254"}, 80); }
Result no_internet_v4(const Planted&) { return no_route({"198.51.100.1", "192.88.99.1"}, 443); }
Result no_internet_v6(const Planted&) { return no_route({"2001:db8::1", "64:ff9b::c633:6401"}, 443); }
Result no_private(const Planted&) { return no_route({"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1"}, 80); }
Result no_foreign_dns(const Planted&) { return no_route({"198.51.100.53"}, 53); }

Result no_configured_dns(const Planted&) {
  std::istringstream lines(read_text("/etc/resolv.conf"));
  for (std::string word; lines >> word;) {
    std::string host;
    if (word != "nameserver" || !(lines >> host)) continue;
    if (!host.starts_with("127.") && connects(host, 53, SOCK_DGRAM, 0)) return open_because("route to " + host);
  }
  return holds();
}

Result socket_refused(long family, long type, long protocol) {
  const long fd = ::syscall(SYS_socket, family, type, protocol);
  const Result result = refused(fd, {EPERM, EACCES, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT});
  if (fd >= 0) ::close(static_cast<int>(fd));
  return result;
}

Result packet_refused(const Planted&) {
  return all({socket_refused(AF_PACKET, SOCK_RAW, 0), socket_refused(AF_PACKET, SOCK_DGRAM, 0)});
}
Result raw_refused(const Planted&) {
  return all({socket_refused(AF_INET, SOCK_RAW, IPPROTO_ICMP), socket_refused(AF_INET, SOCK_RAW, IPPROTO_RAW),
              socket_refused(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)});
}
Result ping_refused(const Planted&) {
  return all({socket_refused(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), socket_refused(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6)});
}

Result rare_protocols_refused(const Planted&) {
  return all({socket_refused(AF_INET, kImpossibleType, IPPROTO_SCTP),
              socket_refused(AF_INET, kImpossibleType, IPPROTO_DCCP),
              socket_refused(AF_INET, kImpossibleType, IPPROTO_UDPLITE),
              socket_refused(AF_INET6, kImpossibleType, IPPROTO_SCTP)});
}

Result rare_netlink_refused(const Planted&) {
  for (const long protocol : {NETLINK_NETFILTER, NETLINK_XFRM, NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC,
                              NETLINK_SOCK_DIAG, NETLINK_CRYPTO, NETLINK_CONNECTOR}) {
    const Result result = socket_refused(AF_NETLINK, SOCK_RAW, protocol);
    if (result.verdict != Verdict::kHolds) return open_because("netlink protocol " + std::to_string(protocol));
  }
  return holds();
}

Result interfaces_fixed(const Planted&) {
  struct {
    nlmsghdr head;
    ifinfomsg link;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_SETLINK;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = 0x7ffffff0;  // there is no such interface
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return holds();
  std::array<char, 4096> answer{};
  const bool answered = ::send(fd, &request, sizeof request, 0) > 0 && ::recv(fd, answer.data(), answer.size(), 0) > 0;
  ::close(fd);
  if (!answered) return holds();
  nlmsgerr error{};
  std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
  errno = -error.error;
  return refused(error.error == 0 ? 0 : -1);
}

Result vsock_refused(const Planted&) { return socket_refused(AF_VSOCK, kImpossibleType, 0); }
Result alg_refused(const Planted&) { return socket_refused(AF_ALG, kImpossibleType, 0); }

constexpr int kRareFamilies[] = {AF_AX25, AF_IPX,     AF_APPLETALK, AF_NETROM, AF_ATMPVC,     AF_X25,  AF_ROSE,
                                 AF_KEY,  AF_ATMSVC,  AF_RDS,       AF_PPPOX,  AF_LLC,        AF_IB,   AF_MPLS,
                                 AF_CAN,  AF_TIPC,    AF_BLUETOOTH, AF_PHONET, AF_IEEE802154, AF_CAIF, AF_NFC,
                                 AF_KCM,  AF_QIPCRTR, AF_SMC,       AF_XDP};

Result rare_families_refused(const Planted&) {
  for (const int family : kRareFamilies) {
    const Result result = socket_refused(family, kImpossibleType, 0);
    if (result.verdict != Verdict::kHolds) return open_because("family " + std::to_string(family));
  }
  return holds();
}

Result families_refused_with_high_bits(const Planted&) {
  constexpr long kHigh = 1L << 40;
  return all({socket_refused(kHigh | AF_VSOCK, kImpossibleType, 0), socket_refused(kHigh | AF_ALG, kImpossibleType, 0),
              socket_refused(kHigh | AF_PACKET, kHigh | SOCK_RAW, 0),
              socket_refused(AF_NETLINK, SOCK_RAW, kHigh | NETLINK_NETFILTER),
              socket_refused(AF_INET, SOCK_DGRAM, kHigh | IPPROTO_ICMP)});
}

constexpr Check kChecks[] = {
    {"NW01", "the network namespace is its own", own_network_namespace},
    {"NW02", "no interface of the host is there", no_foreign_interface},
    {"NW03", "services on the host's loopback are out of reach", host_loopback_v4},
    {"NW04", "services on the host's IPv6 loopback are out of reach", host_loopback_v6},
    {"NW05", "services on the host's own address are out of reach", host_own_address},
    {"NW06", "the host's loopback is out of reach over MPTCP", host_loopback_mptcp},
    {"NW07", "the host's loopback is out of reach with TCP fast open", host_loopback_fast_open},
    {"NW08", "there is no route to the metadata addresses", no_metadata_v4},
    {"NW09", "there is no route to the IPv6 metadata address", no_metadata_v6},
    {"NW10", "there is no direct route to the internet", no_internet_v4},
    {"NW11", "there is no direct IPv6 route to the internet", no_internet_v6},
    {"NW12", "there is no route to private networks", no_private},
    {"NW13", "there is no route to a foreign name server", no_foreign_dns},
    {"NW14", "there is no route to the configured name servers", no_configured_dns},
    {"NW15", "packet sockets are refused", packet_refused},
    {"NW16", "raw sockets are refused", raw_refused},
    {"NW17", "ping sockets are refused", ping_refused},
    {"NW18", "SCTP, DCCP and UDP-Lite are refused", rare_protocols_refused},
    {"NW19", "netlink other than ROUTE is refused", rare_netlink_refused},
    {"NW20", "interfaces cannot be changed", interfaces_fixed},
    {"NW21", "AF_VSOCK is refused", vsock_refused},
    {"NW22", "AF_ALG is refused", alg_refused},
    {"NW23", "rare address families are refused", rare_families_refused},
    {"NW24", "family rules are not fooled by high bits", families_refused_with_high_bits},
};

}  // namespace

std::span<const Check> network_checks() { return kChecks; }

}  // namespace probe
