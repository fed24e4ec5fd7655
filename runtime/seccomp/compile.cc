#include "seccomp/compile.h"

#include "base/error.h"
#include "base/text.h"
#include "seccomp/assemble.h"
#include "seccomp/expand.h"

namespace clawbox::seccomp {

Program compile(const SyscallPolicy& policy) {
  const Expansion expansion = expand(policy);
  if (!expansion.mistakes.empty())
    throw Error(ExitStatus::kProfileInvalid, joined(expansion.mistakes, "\n"),
                "`clawbox explain --syscall NAME` tells what a policy makes of a call");
  return Program{{assemble(expansion.clauses)}, !policy.noted.empty()};
}

}  // namespace clawbox::seccomp
