// One command of the session: its descriptors, its terminal, its exec.
#pragma once

#include <string>

#include "base/owned_fd.h"
#include "launch/protocol.h"

namespace clawbox::launch {

/// A command that runs, or the packet that tells why it does not.
struct Started {
  pid_t pid = 0;
  Packet failure;
  explicit operator bool() const { return pid != 0; }
};

/// Executes what a packet kExec asks for; before, tells `channel` the master of its terminal, if it has one, and the
/// file that will be executed. A terminal is made from the session's own devpts, so that TIOCSTI (CVE-2017-5226) could
/// reach only the session itself.
Started start_command(const Message& order, const OwnedFd& channel);

}  // namespace clawbox::launch
