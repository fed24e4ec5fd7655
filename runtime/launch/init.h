// Pid 1 of the sandbox after the set-up: starts the program, reaps orphans, passes signals on, tells the launcher the
// end.
//
// It has the filter and no capabilities, cannot be traced, and takes orders only from its channel. When it ends, the
// kernel kills every process of the session (pid_namespaces(7)), so end-of-file on the channel is enough to end
// everything.
#pragma once

#include <optional>

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::launch {

[[noreturn]] void serve_as_init(const Command& command, std::optional<int> terminal, const OwnedFd& channel);

}  // namespace clawbox::launch
