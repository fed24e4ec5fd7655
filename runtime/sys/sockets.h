// Listening sockets with a name in a directory: SOCK_SEQPACKET, so that a packet is a message. unix(7).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// Names may be longer than sun_path takes: the directory is given by its descriptor.
OwnedFd listen_at(const OwnedFd& directory, const std::string& name);
/// Nothing: nobody listens there. Waits while the backlog is full.
std::optional<OwnedFd> connect_to(const OwnedFd& directory, const std::string& name);
/// Not waiting (O_NONBLOCK): a peer that reads nothing holds nobody up. Nothing: the peer has gone again, or there are
/// no descriptors left for it.
std::optional<OwnedFd> accept_one(const OwnedFd& listening);

/// Connected, of this machine, and a stream: connect(2) cannot give it another peer, as it can to one of the network.
bool is_local_stream(int fd);

struct Peer {  // as it was when it connected
  pid_t pid = 0;
  uid_t uid = 0;
};
Peer peer_of(const OwnedFd& connection);

}  // namespace clawbox::sys
