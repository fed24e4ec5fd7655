#include "egress/services.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "sys/inet_sockets.h"

namespace clawbox::egress {

std::size_t Spares::index(IpAddress::Family family, int type) {
  return (family == IpAddress::Family::kV4 ? 0U : 1U) + (type == SOCK_STREAM ? 0U : 2U);
}

void Spares::add(IpAddress::Family family, int type, OwnedFd socket) { of(family, type).push_back(std::move(socket)); }

OwnedFd Spares::take(IpAddress::Family family, int type) {
  std::vector<OwnedFd>& sockets = of(family, type);
  if (sockets.empty()) {
    errno = EMFILE;
    return {};
  }
  OwnedFd socket = std::move(sockets.back());
  sockets.pop_back();
  return socket;
}

void Spares::give_back(IpAddress::Family family, OwnedFd stream) {
  if (sys::disconnect(stream)) add(family, SOCK_STREAM, std::move(stream));
}

std::optional<std::string> Services::admit() {
  if (open >= list.connections.value)
    return fmt::format("{} connections are open already (network.connections)", list.connections.value);
  if (list.total_connections && admitted >= list.total_connections->value)
    return "network.total_connections of the session are used up";
  if (is_over_budget()) return "network.bytes of the session are used up";
  ++open;
  ++admitted;
  return std::nullopt;
}

void Services::go_on_later(uint32_t connection) {
  unfinished.push_back(connection);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t sent = ::write(again.get(), &one, sizeof one);  // full: it is readable already
}

}  // namespace clawbox::egress
