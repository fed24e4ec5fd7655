#include "audit/journal.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "base/error.h"

namespace clawbox::audit {
namespace {

/// Daemons cut what is longer, and a datagram of more than the socket's buffer is refused whole.
constexpr std::size_t kLongest = std::size_t{48} << 10;

OwnedFd connected() {
  constexpr sockaddr_un kAddress{AF_UNIX, _PATH_LOG};
  OwnedFd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made || ::connect(made.get(), reinterpret_cast<const sockaddr*>(&kAddress), sizeof kAddress) < 0) return {};
  return made;
}

}  // namespace

void Journal::copy(std::string_view line) noexcept try {
  message_ = fmt::format("<{}>clawbox[{}]: {}", LOG_AUTHPRIV | LOG_INFO, ::getpid(), line.substr(0, kLongest));
  if (send(message_)) return;
  socket_ = connected();  // the daemon is another one since, or was not there before
  send(message_);
} catch (const std::exception&) {
  // No memory for a copy.
}

/// Whether another socket would do no better.
bool Journal::send(std::string_view message) {
  if (!socket_) return false;
  return ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

}  // namespace clawbox::audit
