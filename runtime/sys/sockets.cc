#include "sys/sockets.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "base/error.h"

namespace clawbox::sys {
namespace {

constexpr int kBacklog = 64;

sockaddr_un address_of(const OwnedFd& directory, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
  if (path.size() >= sizeof address.sun_path) throw_sys_error(ENAMETOOLONG, path);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

OwnedFd new_socket() {
  OwnedFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("making a socket");
  return socket;
}

}  // namespace

bool is_local_stream(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX && type == SOCK_STREAM;
}

OwnedFd listen_at(const OwnedFd& directory, const std::string& name) {
  OwnedFd socket = new_socket();
  const sockaddr_un address = address_of(directory, name);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    throw_errno("binding the socket {}", name);
  if (::listen(socket.get(), kBacklog) < 0) throw_errno("listening at {}", name);
  return socket;
}

std::optional<OwnedFd> connect_to(const OwnedFd& directory, const std::string& name) {
  OwnedFd socket = new_socket();
  const sockaddr_un address = address_of(directory, name);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    if (errno != EINTR) throw_errno("connecting to {}", name);
  }
  return socket;
}

std::optional<OwnedFd> accept_one(const OwnedFd& listening) {
  OwnedFd connection(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection) return std::nullopt;
  return connection;
}

Peer peer_of(const OwnedFd& connection) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) throw_errno("SO_PEERCRED");
  return {credentials.pid, credentials.uid};
}

}  // namespace clawbox::sys
