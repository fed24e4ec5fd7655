// A policy with its groups opened and its names turned into numbers: the plain table that the BPF program must equal.
//
// For one call the clauses are read in order and the first whose conditions all hold decides:
//   1. refusals: those that kill, then those with conditions, then the others
//   2. what is allowed
//   3. what an allowed group says about the rest (a socket of another family: EAFNOSUPPORT)
// and ENOSYS where none holds. Numbers are those of the native architecture.
#pragma once

#include <linux/seccomp.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/origin.h"
#include "plan/plan.h"
#include "seccomp/groups.h"

namespace clawbox::seccomp {

/// Refusals of execve, execveat and exit_group are silent: a supervisor takes each one that it hears of for allowed.
enum class Notice { kSilent, kNoted };

struct Clause {
  std::vector<Condition> conditions;  // none: always
  uint32_t action = 0;                // what becomes of the call: SECCOMP_RET_…
  std::string group;                  // "@namespace", or empty where the rule names the call itself
  std::string reason;
  Origin origin;
  Notice notice = Notice::kSilent;  // the supervisor hears of it first, and answers as `action` says
};
/// As the filter returns it.
uint32_t filter_action(const Clause& clause);

struct Expansion {
  std::map<int, std::vector<Clause>> clauses;  // by number
  std::vector<std::string> mistakes;           // "file:line: …", in the order of the policy
};

/// Unknown names are mistakes only where the policy itself writes them; so are arguments that can never match.
Expansion expand(const SyscallPolicy& policy);

inline constexpr uint32_t kUnnamed = SECCOMP_RET_ERRNO | ENOSYS;  // what a call answers that nothing names

/// The clause that decides, or nullptr: kUnnamed.
const Clause* deciding_clause(std::span<const Clause> clauses, std::span<const uint64_t, 6> arguments);

/// "openat"; "call 999" where libseccomp knows none.
std::string call_name(int number);
/// Every name that libseccomp knows on this architecture.
std::vector<std::string> known_calls();

}  // namespace clawbox::seccomp
