#include "seccomp/explain.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "seccomp/evaluate.h"
#include "seccomp/expand.h"

namespace clawbox::seccomp {
namespace {

std::string errno_name(uint32_t action) {
  const int code = static_cast<int>(action & SECCOMP_RET_DATA);
  const char* const name = strerrorname_np(code);
  return name != nullptr ? name : fmt::format("errno {}", code);
}

std::string outcome_of(uint32_t action) {
  switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
      return "allow";
    case SECCOMP_RET_KILL_PROCESS:
      return "kill";
    default:
      return errno_name(action);
  }
}

std::string verdict_of(uint32_t action) {
  switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
      return "allowed";
    case SECCOMP_RET_KILL_PROCESS:
      return "kills the process";
    default:
      return "refused with " + errno_name(action);
  }
}

std::string verdict_of(const Clause& clause) {
  return verdict_of(clause.action) + (clause.notice == Notice::kNoted ? ", and recorded" : "");
}

std::string in_words(const Condition& condition) {
  if (condition.kind == Condition::Kind::kAnyBit)
    return fmt::format("argument {} has any bit of {:#x}", condition.index, condition.mask);
  if (condition.mask == 0xffffffff) return fmt::format("argument {} is {:#x}", condition.index, condition.value);
  return fmt::format("argument {} under mask {:#x} is {:#x}", condition.index, condition.mask, condition.value);
}

std::string rule_in_words(const Clause& clause) {
  const std::string place = to_string(clause.origin);
  return clause.group.empty() ? place : clause.group + ", " + place;
}

std::string case_in_words(const Clause& clause) {
  std::vector<std::string> tests;
  tests.reserve(clause.conditions.size());
  for (const Condition& condition : clause.conditions) tests.push_back(in_words(condition));
  const std::string when = tests.empty() ? "otherwise " : "when " + joined(tests, " and ") + ": ";
  return fmt::format("{}{} ({})", when, verdict_of(clause), rule_in_words(clause));
}

bool arguments_decide(std::span<const Clause> clauses) {
  return std::ranges::any_of(clauses, [](const Clause& clause) { return !clause.conditions.empty(); });
}

std::string unnamed_case() { return "otherwise " + verdict_of(kUnnamed) + " (not named)"; }

std::vector<std::string> cases_in_words(std::span<const Clause> clauses) {
  std::vector<std::string> cases;
  cases.reserve(clauses.size() + 1);
  for (const Clause& clause : clauses) cases.push_back(case_in_words(clause));
  if (!clauses.back().conditions.empty()) cases.push_back(unnamed_case());
  return cases;
}

// A call that a built-in group names is known, even if this libseccomp has no number for it.
int number_of(const std::string& call) {
  const int number = seccomp_syscall_resolve_name(call.c_str());
  if (number != __NR_SCMP_ERROR) return std::max(number, -1);
  const std::vector<GroupEntry> entries = entries_of("@default");
  if (std::ranges::any_of(entries, [&](const GroupEntry& entry) { return entry.call == call; })) return -1;
  throw Error(ExitStatus::kUsage,
              fmt::format("there is no system call {}{}", in_quotes(call), did_you_mean(call, known_calls())));
}

std::array<uint64_t, 6> six(std::span<const uint64_t> arguments) {
  std::array<uint64_t, 6> all{};
  std::copy_n(arguments.begin(), std::min(arguments.size(), all.size()), all.begin());
  return all;
}

uint32_t agreed_action(const Program& program, const Call& call, const Clause* clause) {
  if (action_of(program, call) != (clause != nullptr ? filter_action(*clause) : kUnnamed))
    throw Error(ExitStatus::kInternal, "the compiled system-call filter is not that of the profile");
  return clause != nullptr ? clause->action : kUnnamed;
}

}  // namespace

Answer answer_for(const SyscallPolicy& policy, const Program& program, const std::string& call,
                  std::span<const uint64_t> arguments) {
  Answer answer;
  answer.call = call;
  answer.number = number_of(call);
  const Expansion expansion = expand(policy);
  const auto found = expansion.clauses.find(answer.number);
  const std::span<const Clause> clauses = found != expansion.clauses.end() ? found->second : std::span<const Clause>{};
  const Call made = native_call(answer.number, six(arguments));
  const Clause* const clause = deciding_clause(clauses, made.arguments);
  const uint32_t action = agreed_action(program, made, clause);
  answer.verdict = clause != nullptr ? verdict_of(*clause) : verdict_of(action);
  answer.outcome = outcome_of(action);
  if (arguments_decide(clauses) && arguments.empty()) answer.conditions = cases_in_words(clauses);
  if (arguments_decide(clauses) && !arguments.empty())
    answer.conditions = {clause != nullptr ? case_in_words(*clause) : unnamed_case()};
  if (clause == nullptr) return answer;
  answer.group = clause->group;
  answer.reason = clause->reason;
  answer.origin = clause->origin;
  return answer;
}

}  // namespace clawbox::seccomp
