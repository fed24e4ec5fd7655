// Confines the calling thread with a compiled program, for ever. The last act of the child before it reports and execs:
// whatever comes later must be allowed by the program.
#pragma once

#include "base/owned_fd.h"
#include "seccomp/compile.h"

namespace clawbox::seccomp {

/// Needs no_new_privs. Allocates nothing unless it throws SysError. The descriptor is the listener of a program that
/// listens, else empty. Throws Error(kFeatureMissing) where a sandbox around this one listens already.
OwnedFd install(const Program& program);

}  // namespace clawbox::seccomp
