// Whose a socket of the session is: sock_diag(7) gives its inode, and /proc the process that has it open. Only a hint:
// sockets are shared, inherited and passed on.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/owned_fd.h"
#include "sys/inet_sockets.h"

namespace clawbox::session {

class SocketOwners {
 public:
  /// NETLINK_SOCK_DIAG, opened in the session's network namespace; not waiting.
  explicit SocketOwners(OwnedFd diag) : diag_(std::move(diag)) {}

  struct Owner {
    pid_t pid = 0;
    pid_t inside = 0;  // its number in the session
    std::string name;  // comm
  };
  /// Looking may take a tenth of the time and no more: nothing then, or where no process of `init`'s tree has it.
  std::optional<Owner> find(uint8_t protocol, const sys::Endpoint& from, const sys::Endpoint& to, pid_t init);

 private:
  bool may_look();
  std::optional<Owner> look(const std::string& link, pid_t init);
  std::optional<Owner> owner_in(pid_t pid, const std::string& link);
  std::optional<uint32_t> inode_of(uint8_t protocol, const sys::Endpoint& from, const sys::Endpoint& to) const;

  OwnedFd diag_;
  pid_t last_ = 0;
  std::chrono::nanoseconds left_{std::chrono::milliseconds(300)};
  std::chrono::steady_clock::time_point refilled_ = std::chrono::steady_clock::now();
};

}  // namespace clawbox::session
