// The program's own descriptors, and its exec.
#pragma once

#include <optional>

#include "base/owned_fd.h"
#include "launch/stdio.h"
#include "plan/plan.h"

namespace clawbox::launch {

struct Connected {
  OwnedFd master;               // of the session's terminal, if there is one
  std::optional<int> terminal;  // which of 0, 1, 2 is its slave
};

/// Puts the ends of `stdio` on 0, 1 and 2. A terminal is made from the session's own devpts and becomes the controlling
/// terminal of the caller's session, so that TIOCSTI (CVE-2017-5226) could reach only the session itself.
Connected connect_stdio(Stdio stdio);

/// Forks the program into a process group of its own, in the foreground of `terminal`; what will be executed is told on
/// `channel` before. `error` is errno of an exec that failed, 0 if the program runs.
struct Started {
  pid_t pid = 0;
  int error = 0;
};
Started start_program(const Command& command, std::optional<int> terminal, const OwnedFd& channel);

}  // namespace clawbox::launch
