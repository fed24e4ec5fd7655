// What becomes of one call under a policy: the verdict comes from the compiled program, the reason from the policy.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/origin.h"
#include "plan/plan.h"
#include "seccomp/compile.h"

namespace clawbox::seccomp {

struct Answer {
  std::string call;
  int number = -1;                      // -1: this architecture, or this libseccomp, does not have the call
  std::string verdict;                  // "allowed", "refused with EPERM", "kills the process"
  std::string outcome;                  // the same as a profile's `[[test]] expect`: "allow", "EPERM", "kill"
  std::string group;                    // "@namespace"; empty where the rule names the call, or no rule does
  std::string reason;                   // the rule's own; empty where it gives none
  std::optional<Origin> origin;         // of the rule; nothing: no rule names the call
  std::vector<std::string> conditions;  // where arguments decide: each case in words, the first that fits counts; only
                                        // that one when arguments were given
};

/// Missing arguments are 0. An unknown name throws Error(kUsage) with the nearest one; a program that is not the
/// policy's throws Error(kInternal).
Answer answer_for(const SyscallPolicy& policy, const Program& program, const std::string& call,
                  std::span<const uint64_t> arguments);

}  // namespace clawbox::seccomp
