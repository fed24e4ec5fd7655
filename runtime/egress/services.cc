#include "egress/services.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "sys/inet_sockets.h"

namespace clawbox::egress {

OwnedFd Spares::take(IpAddress::Family family) {
  std::vector<OwnedFd>& sockets = of(family);
  if (sockets.empty()) {
    errno = EMFILE;
    return {};
  }
  OwnedFd socket = std::move(sockets.back());
  sockets.pop_back();
  return socket;
}

void Spares::give_back(IpAddress::Family family, OwnedFd socket) {
  if (sys::disconnect(socket)) add(family, std::move(socket));
}

std::optional<std::string> Services::admit() {
  if (open >= list.connections.value)
    return fmt::format("{} connections at one time are open already", list.connections.value);
  if (list.total_connections && admitted >= list.total_connections->value)
    return "the session's connections are used up";
  if (is_over_budget()) return "the session's network bytes are used up";
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
