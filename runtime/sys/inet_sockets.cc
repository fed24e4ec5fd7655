#include "sys/inet_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace clawbox::sys {
namespace {

IpAddress address_of(const in_addr& address) { return IpAddress::v4(ntohl(address.s_addr)); }
IpAddress address_of(const in6_addr& address) { return IpAddress::v6(std::span<const uint8_t, 16>(address.s6_addr)); }

/// Only ever a help: a connection that has ended meanwhile refuses it, and does not matter any more.
void switch_on(const OwnedFd& socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket.get(), level, option, &on, sizeof on);
}

/// Which of our addresses a datagram goes to or comes from: IP_PKTINFO's or IPV6_PKTINFO's.
struct alignas(cmsghdr) PacketControl {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
};

struct alignas(cmsghdr) AddressControl {
  char bytes[CMSG_SPACE(sizeof(sockaddr_in6))];
};

constexpr int kIpv6OriginalAddress = 74;  // <linux/in6.h>, which quarrels with <netinet/in.h>

Endpoint original_destination(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_ORIGDSTADDR;
    const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == kIpv6OriginalAddress;
    if (!v4 && !v6) continue;
    SocketAddress address;
    std::memcpy(address.get(), CMSG_DATA(header), v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    return address.endpoint().value_or(Endpoint{});
  }
  return {};
}

std::optional<IpAddress> destination_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return address_of(info.ipi_addr);
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
      return address_of(info.ipi6_addr);
    }
  }
  return std::nullopt;
}

template <class Info>
void put_source(msghdr& message, int level, int type, const Info& info) {
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

bool no_way_there(int error) {
  return error == EAFNOSUPPORT || error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL;
}

/// Of or for `peer`, without control data.
msghdr message_of(SocketAddress& peer, std::span<iovec> parts) {
  msghdr message{};
  message.msg_name = peer.get();
  message.msg_namelen = peer.size;
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return message;
}

template <class Control>
ssize_t receive(const OwnedFd& socket, msghdr& message, Control& control) {
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  return ::recvmsg(socket.get(), &message, MSG_DONTWAIT);
}

bool send(const OwnedFd& socket, const msghdr& message) {
  return ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const std::string address = to_string(endpoint.address);
  return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                  : fmt::format("[{}]:{}", address, endpoint.port);
}

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    v4->sin_addr.s_addr = htonl(endpoint.address.bits());
    size = sizeof *v4;
    return;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(endpoint.port);
  std::memcpy(&v6->sin6_addr, endpoint.address.bytes().data(), sizeof v6->sin6_addr);
  size = sizeof *v6;
}

std::optional<Endpoint> SocketAddress::endpoint() const {
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    return Endpoint{address_of(v4->sin_addr), ntohs(v4->sin_port)};
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  return Endpoint{address_of(v6->sin6_addr), ntohs(v6->sin6_port)};
}

OwnedFd inet_socket(IpAddress::Family family, int type) {
  const int domain = family == IpAddress::Family::kV4 ? AF_INET : AF_INET6;
  return OwnedFd(::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

std::optional<Endpoint> local_endpoint(const OwnedFd& socket) {
  SocketAddress address;
  if (::getsockname(socket.get(), address.get(), &address.size) < 0) return std::nullopt;
  return address.endpoint();
}

std::optional<Endpoint> remote_endpoint(const OwnedFd& socket) {
  SocketAddress address;
  if (::getpeername(socket.get(), address.get(), &address.size) < 0) return std::nullopt;
  return address.endpoint();
}

int start_connecting(const OwnedFd& socket, const Endpoint& to) {
  const SocketAddress address(to);
  return ::connect(socket.get(), address.get(), address.size) < 0 ? errno : 0;
}

int error_of(const OwnedFd& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int try_binding(const OwnedFd& socket, const Endpoint& to) {
  const SocketAddress address(to);
  return ::bind(socket.get(), address.get(), address.size) < 0 ? errno : 0;
}

int try_listening(const OwnedFd& socket) { return ::listen(socket.get(), SOMAXCONN) < 0 ? errno : 0; }

Accepted accept_stream(const OwnedFd& listening) {
  OwnedFd socket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const int error = socket ? 0 : errno;
  return {std::move(socket), error};
}

void send_without_delay(const OwnedFd& socket) { switch_on(socket, IPPROTO_TCP, TCP_NODELAY); }

void keep_alive(const OwnedFd& socket) {
  switch_on(socket, SOL_SOCKET, SO_KEEPALIVE);
  for (const auto& [option, value] : {std::pair{TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 30}, {TCP_KEEPCNT, 4}})
    ::setsockopt(socket.get(), IPPROTO_TCP, option, &value, sizeof value);
}

bool disconnect(const OwnedFd& socket) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  return ::connect(socket.get(), &none, sizeof none) == 0;
}

void end_with_reset(const OwnedFd& socket, bool on) {
  const linger at_once{.l_onoff = on ? 1 : 0, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void close_with_reset(OwnedFd socket) {
  end_with_reset(socket, true);
  socket.reset();
}

// To an address of its own the kernel speaks from that address.
std::optional<bool> leads_here(const IpAddress& address) {
  constexpr uint16_t kAnyPort = 9;
  const OwnedFd asking = inet_socket(address.family(), SOCK_DGRAM);
  const int error = asking ? start_connecting(asking, {address, kAnyPort}) : errno;
  if (no_way_there(error)) return false;
  const auto from = error == 0 ? local_endpoint(asking) : std::nullopt;
  if (!from) return std::nullopt;
  return from->address == address;
}

std::optional<Datagram> receive_datagram(const OwnedFd& socket, std::span<char> buffer) {
  SocketAddress from;
  iovec bytes{buffer.data(), buffer.size()};
  PacketControl control{};
  msghdr message = message_of(from, {&bytes, 1});
  const ssize_t got = receive(socket, message, control);
  if (got < 0) return std::nullopt;
  const auto sender = from.endpoint();
  const auto to = destination_of(message);
  if (!sender || !to) return Datagram{};
  return Datagram{static_cast<std::size_t>(got), *sender, *to};
}

std::optional<SteeredDatagram> receive_steered(const OwnedFd& socket, std::span<char> buffer) {
  SocketAddress from;
  iovec bytes{buffer.data(), buffer.size()};
  AddressControl control{};
  msghdr message = message_of(from, {&bytes, 1});
  const ssize_t got = receive(socket, message, control);
  if (got < 0) return std::nullopt;
  return SteeredDatagram{static_cast<std::size_t>(got), from.endpoint().value_or(Endpoint{}),
                         original_destination(message)};
}

bool send_packet_to(const OwnedFd& raw, std::span<const char> head, std::span<const char> payload,
                    const IpAddress& to) {
  SocketAddress address(Endpoint{to, 0});
  std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                             iovec{const_cast<char*>(payload.data()), payload.size()}};
  return send(raw, message_of(address, parts));
}

bool send_datagram(const OwnedFd& socket, std::span<const char> bytes, const Endpoint& to, const IpAddress& from) {
  SocketAddress address(to);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  PacketControl control{};
  msghdr message = message_of(address, {&part, 1});
  message.msg_control = control.bytes;
  if (from.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(from.bits());
    put_source(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.bytes().data(), sizeof info.ipi6_addr);
    put_source(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  return send(socket, message);
}

}  // namespace clawbox::sys
