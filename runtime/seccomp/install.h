// Confines the calling thread with a compiled program, for ever. The last act of the child before it reports and execs:
// whatever comes later must be allowed by the program.
#pragma once

#include "seccomp/compile.h"

namespace clawbox::seccomp {

/// Needs no_new_privs. Allocates nothing unless it throws SysError.
void install(const Program& program);

}  // namespace clawbox::seccomp
