// What the relay and its look-ups give up before they read the first hostile byte: seccomp(2), landlock(7).
//
// The relay keeps descriptors it has, sockets of the internet, and nothing of the file system. A look-up keeps reading
// files and asking servers; it executes nothing and writes nothing. Neither has a capability, and nobody may trace
// them.
#pragma once

#include "plan/plan.h"
#include "seccomp/compile.h"

namespace clawbox::egress {

/// What the caller compiles.
SyscallPolicy relay_calls();
SyscallPolicy resolver_calls();

/// The calling process, for ever.
void confine_relay(const seccomp::Program& filters);
void confine_resolver(const seccomp::Program& filters);

}  // namespace clawbox::egress
