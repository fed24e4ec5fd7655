#include "net/link.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "net/netlink.h"

namespace clawbox::net {
namespace {

constexpr unsigned kLoopback = 1;  // the kernel makes `lo` first in every network namespace
constexpr std::size_t kBuffer = 4096;

void add_link_up(Requests& requests) {
  nlmsghdr* header = requests.add(RTM_NEWLINK, NLM_F_ACK, "bringing the loopback link up");
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  link->ifi_index = kLoopback;
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
}

void put_address(nlmsghdr* header, uint16_t attribute, const IpAddress& address) {
  mnl_attr_put(header, attribute, address.bytes().size(), address.bytes().data());
}

unsigned char family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

void add_address(Requests& requests, const IpAddress& address) {
  nlmsghdr* header = requests.add(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                                  fmt::format("giving {} to the loopback link", to_string(address)));
  auto* message = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifaddrmsg)));
  message->ifa_family = family_of(address);
  message->ifa_prefixlen = address.is_v4() ? 32 : 128;
  message->ifa_flags = IFA_F_NODAD;  // else it is tentative for a second, and cannot be bound
  message->ifa_scope = RT_SCOPE_UNIVERSE;
  message->ifa_index = kLoopback;
  put_address(header, IFA_LOCAL, address);
  put_address(header, IFA_ADDRESS, address);
}

void add_local_default(Requests& requests, const IpAddress& source) {
  nlmsghdr* header = requests.add(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                                  fmt::format("making every address local, with {} as source", to_string(source)));
  auto* route = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)));
  route->rtm_family = family_of(source);
  route->rtm_table = RT_TABLE_LOCAL;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_scope = source.is_v4() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  route->rtm_type = RTN_LOCAL;
  mnl_attr_put_u32(header, RTA_OIF, kLoopback);
  put_address(header, RTA_PREFSRC, source);
}

/// A host that was started without IPv6 has no such sockets; one that switched it off gives no addresses.
bool is_without_ipv6(int error) {
  return error == EACCES || error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EADDRNOTAVAIL;
}

}  // namespace

void bring_loopback_up() {
  Requests requests(kBuffer);
  add_link_up(requests);
  Netlink(NETLINK_ROUTE).ask(requests, requests.last_sequence());
}

IpAddress listener_address(const IpPrefix& range) {
  std::array<uint8_t, 16> bytes{};
  const auto given = range.address.bytes();
  std::copy(given.begin(), given.end(), bytes.begin());
  bytes.at(given.size() - 1) |= 1;
  if (range.address.is_v4()) return IpAddress::v4(std::span<const uint8_t, 4>(bytes.data(), 4));
  return IpAddress::v6(bytes);
}

Ipv6 make_every_address_local(const SyntheticRanges& ranges) {
  const Netlink route(NETLINK_ROUTE);
  Requests first(kBuffer);
  add_link_up(first);
  add_address(first, listener_address(ranges.v4));
  add_local_default(first, listener_address(ranges.v4));
  route.ask(first, first.last_sequence());
  try {
    Requests second(kBuffer);
    add_address(second, listener_address(ranges.v6));
    add_local_default(second, listener_address(ranges.v6));
    route.ask(second, second.last_sequence());
    return Ipv6::kThere;
  } catch (const SysError& error) {
    if (!is_without_ipv6(error.code())) throw;
    return Ipv6::kNone;
  }
}

}  // namespace clawbox::net
