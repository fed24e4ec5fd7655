#include "net/link.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <memory>

#include "base/error.h"

namespace clawbox::net {
namespace {

constexpr unsigned kLoopback = 1;  // the kernel makes `lo` first in every network namespace

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

Socket open_socket() {
  Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (socket == nullptr || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw_errno("opening a netlink socket");
  return socket;
}

}  // namespace

void bring_loopback_up() {
  const Socket socket = open_socket();
  std::array<char, 512> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = RTM_NEWLINK;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  link->ifi_index = kLoopback;
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  if (mnl_socket_sendto(socket.get(), header, header->nlmsg_len) < 0) throw_errno("asking for the loopback link");
  const ssize_t got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
  if (got < 0 || mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, mnl_socket_get_portid(socket.get()),
                            nullptr, nullptr) < 0)
    throw_errno("bringing the loopback link up");
}

}  // namespace clawbox::net
