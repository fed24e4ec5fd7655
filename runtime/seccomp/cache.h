// Compiled programs kept on disk, so that a start costs one small read instead of opening groups and resolving names.
//
// A file is found by a cheap hash and used only if the canonical text inside equals that of the policy, letter by
// letter: the policy, the groups' content, libseccomp's version, the architecture and the format. So neither a
// collision nor a stale file is ever used. A directory that is not the caller's or not 0700 is not used, a damaged file
// is compiled anew, and a cache that cannot be written costs time only. Reasons and origins are no part of it:
// `explain` takes them from the policy.
#pragma once

#include <string>

#include "plan/plan.h"
#include "seccomp/compile.h"

namespace clawbox::seccomp {

/// As compile(policy). `directory` is made (0700) if its parent is there.
Program compile_cached(const SyscallPolicy& policy, const std::string& directory);

}  // namespace clawbox::seccomp
