// Sockets of the internet's families, none of which waits: ip(7), ipv6(7), tcp(7), udp(7).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/ip_address.h"
#include "base/owned_fd.h"

namespace clawbox::sys {

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;  // NOLINT(modernize-use-nullptr)
};
/// "192.0.2.1:80", "[2001:db8::1]:80"
std::string to_string(const Endpoint& endpoint);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  std::optional<Endpoint> endpoint() const;  // nothing: of another family
};

/// Whether packets to it would stay on this host, by the routes of now: nothing is sent. Nothing where it cannot be
/// asked, as without a free descriptor.
std::optional<bool> leads_here(const IpAddress& address);

/// SOCK_STREAM or SOCK_DGRAM.
OwnedFd inet_socket(IpAddress::Family family, int type);
std::optional<Endpoint> local_endpoint(const OwnedFd& socket);
std::optional<Endpoint> remote_endpoint(const OwnedFd& socket);

/// 0, or errno; EINPROGRESS while it goes on.
int start_connecting(const OwnedFd& socket, const Endpoint& to);
/// What came of it once the socket is writable: 0 or errno.
int error_of(const OwnedFd& socket);
/// errno, or 0.
int try_binding(const OwnedFd& socket, const Endpoint& to);
int try_listening(const OwnedFd& socket);

/// Accepted, or why not in `error` (EAGAIN: nobody is waiting).
struct Accepted {
  OwnedFd socket;
  int error = 0;
};
Accepted accept_stream(const OwnedFd& listening);

void send_without_delay(const OwnedFd& socket);  // TCP_NODELAY
/// A peer that is gone without a word is found after three minutes, not two hours: SO_KEEPALIVE, TCP_KEEPIDLE.
void keep_alive(const OwnedFd& socket);
/// As if it had never been connected: connect(2), AF_UNSPEC. The peer gets RST unless both had ended already.
bool disconnect(const OwnedFd& socket);
/// What close(2) does, also that of a process that is killed: RST for the peer, or an orderly end. SO_LINGER,
/// socket(7).
void end_with_reset(const OwnedFd& socket, bool on);
/// The peer gets RST rather than an orderly end.
void close_with_reset(OwnedFd socket);

/// A datagram with the address that it was sent to (IP_PKTINFO or IPV6_RECVPKTINFO is on).
struct Datagram {
  std::size_t size = 0;
  Endpoint from;
  IpAddress to;
};
/// Nothing: none is there, or it is none that can be answered.
std::optional<Datagram> receive_datagram(const OwnedFd& socket, std::span<char> buffer);
/// A datagram that tproxy sent to a transparent socket (IP_RECVORIGDSTADDR or IPV6_RECVORIGDSTADDR is on).
struct SteeredDatagram {
  std::size_t size = 0;
  Endpoint from, to;  // as the program sent it
};
/// Nothing: none is there. A `to` with port 0: it does not say for whom it is.
std::optional<SteeredDatagram> receive_steered(const OwnedFd& socket, std::span<char> buffer);
/// A whole packet, head and payload, by a raw socket. False as below.
bool send_packet_to(const OwnedFd& raw, std::span<const char> head, std::span<const char> payload, const IpAddress& to);
/// False where it could not be sent; datagrams may get lost.
bool send_datagram(const OwnedFd& socket, std::span<const char> bytes, const Endpoint& to, const IpAddress& from);

}  // namespace clawbox::sys
