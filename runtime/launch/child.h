// The sandbox's pid 1 from its first instruction to the end of the session: named steps, then init. Nothing returns.
#pragma once

#include <vector>

#include "base/owned_fd.h"
#include "plan/plan.h"
#include "seccomp/compile.h"
#include "store/store.h"

namespace clawbox::launch {

struct Inheritance {
  const Plan& plan;
  const seccomp::Program& filters;
  const store::Store* store;  // null: nothing is written copy-on-write
  OwnedFd channel;
};

/// Runs in the clone, with the launcher's memory copied. Whatever goes wrong is sent up as one kFailed packet.
[[noreturn]] void live_as_pid_1(Inheritance inheritance) noexcept;

}  // namespace clawbox::launch
