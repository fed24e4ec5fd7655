// Pid 1 of the sandbox after the set-up: starts commands, reaps orphans, passes signals on, tells the launcher each
// end.
//
// It has the filter and no capabilities, cannot be traced, and takes orders only from its channel. Every command is its
// child, so each has the session's confinement by inheritance. When it ends, the kernel kills every process of the
// session (pid_namespaces(7)), so end-of-file on the channel is enough to end everything.
#pragma once

#include "base/owned_fd.h"

namespace clawbox::launch {

[[noreturn]] void serve_as_init(const OwnedFd& channel);

}  // namespace clawbox::launch
