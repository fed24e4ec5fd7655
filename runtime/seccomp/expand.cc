#include "seccomp/expand.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/text.h"

namespace clawbox::seccomp {
namespace {

constexpr int kHighestErrno = 4095;
// Above the highest number in use; only for the list of names to choose a nearest one from.
constexpr int kNumbersToName = 1024;

enum class Rank { kKill, kRefuseSome, kRefuse, kAllow, kOtherwise };

struct Ranked {
  Rank rank;
  Clause clause;
};
using Table = std::map<int, std::vector<Ranked>>;

uint32_t action_for(int error) {
  return error == kKillProcess ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | static_cast<uint32_t>(error);
}

std::vector<Condition> conditions_of(const SyscallRule& rule) {
  std::vector<Condition> conditions;
  for (const ArgumentTest& test : rule.tests) conditions.push_back(equal(test.index, test.equals, test.mask));
  return conditions;
}

// A name that is known but has no number here (libseccomp gives a negative one) belongs to another architecture.
void add(Table& table, const std::string& call, Rank rank, Clause clause) {
  const int number = seccomp_syscall_resolve_name(call.c_str());
  if (number >= 0) table[number].push_back({rank, std::move(clause)});
}

void add_allow(Table& table, const SyscallRule& rule) {
  for (GroupEntry& entry : entries_of(rule.call)) {
    const bool otherwise = entry.kind == GroupEntry::Kind::kOtherwise;
    add(table, entry.call, otherwise ? Rank::kOtherwise : Rank::kAllow,
        {std::move(entry.conditions), otherwise ? action_for(entry.error) : SECCOMP_RET_ALLOW, rule.call, rule.reason,
         rule.origin});
  }
  if (!rule.call.starts_with('@'))
    add(table, rule.call, Rank::kAllow, {conditions_of(rule), SECCOMP_RET_ALLOW, "", rule.reason, rule.origin});
}

Rank refusal_rank(int error, const std::vector<Condition>& conditions) {
  if (error == kKillProcess) return Rank::kKill;
  return conditions.empty() ? Rank::kRefuse : Rank::kRefuseSome;
}

void add_refusal(Table& table, const SyscallRule& rule) {
  for (GroupEntry& entry : entries_of(rule.call)) {
    if (entry.kind == GroupEntry::Kind::kOtherwise) continue;
    const int error = entry.error != 0 && rule.error != kKillProcess ? entry.error : rule.error;
    const Rank rank = refusal_rank(error, entry.conditions);
    add(table, entry.call, rank, {std::move(entry.conditions), action_for(error), rule.call, rule.reason, rule.origin});
  }
  if (rule.call.starts_with('@')) return;
  std::vector<Condition> conditions = conditions_of(rule);
  const Rank rank = refusal_rank(rule.error, conditions);
  add(table, rule.call, rank, {std::move(conditions), action_for(rule.error), "", rule.reason, rule.origin});
}

// A kernel's newer calls are in the groups before they are in libseccomp.
bool is_known(const std::string& call) {
  if (seccomp_syscall_resolve_name(call.c_str()) != __NR_SCMP_ERROR) return true;
  return std::ranges::any_of(entries_of("@default"), [&](const GroupEntry& entry) { return entry.call == call; });
}

void check_name(const SyscallRule& rule, std::vector<std::string>& mistakes) {
  const bool group = rule.call.starts_with('@');
  const std::vector<std::string> names = group ? group_names() : std::vector<std::string>{};
  if (group ? std::ranges::find(names, rule.call) != names.end() : is_known(rule.call)) return;
  mistakes.push_back(fmt::format("{}: there is no {} {}{}", to_string(rule.origin),
                                 group ? "group of system calls" : "system call", in_quotes(rule.call),
                                 did_you_mean(rule.call, group ? names : known_calls())));
}

void check_tests(const SyscallRule& rule, std::vector<std::string>& mistakes) {
  const std::string place = fmt::format("{}: {}", to_string(rule.origin), in_quotes(rule.call));
  if (rule.call.starts_with('@') && !rule.tests.empty())
    mistakes.push_back(place + ": a group takes no argument tests; name the call itself");
  for (const ArgumentTest& test : rule.tests) {
    if (test.index > 5)
      mistakes.push_back(fmt::format("{}: there is no argument {}; they are 0 to 5", place, test.index));
    if ((test.equals & ~test.mask) != 0)
      mistakes.push_back(fmt::format("{}: argument {} under mask {:#x} can never equal {:#x}", place, test.index,
                                     test.mask, test.equals));
  }
}

void check_error(const SyscallRule& rule, std::vector<std::string>& mistakes) {
  if (rule.error == kKillProcess || (rule.error > 0 && rule.error <= kHighestErrno)) return;
  mistakes.push_back(fmt::format("{}: {}: {} is no errno that a call can answer", to_string(rule.origin),
                                 in_quotes(rule.call), rule.error));
}

std::vector<std::string> mistakes_in(const SyscallPolicy& policy) {
  std::vector<std::string> mistakes;
  for (const auto* list : {&policy.allow, &policy.refuse, &policy.noted})
    for (const SyscallRule& rule : *list) {
      check_name(rule, mistakes);
      check_tests(rule, mistakes);
      if (list == &policy.refuse) check_error(rule, mistakes);
    }
  return mistakes;
}

std::set<int> numbers_of(const std::vector<SyscallRule>& rules) {
  std::set<int> numbers;
  const auto add_call = [&](const std::string& call) { numbers.insert(seccomp_syscall_resolve_name(call.c_str())); };
  for (const SyscallRule& rule : rules) {
    if (!rule.call.starts_with('@')) add_call(rule.call);
    for (const GroupEntry& entry : entries_of(rule.call)) add_call(entry.call);
  }
  return numbers;
}

/// `allowed`: what the policy says of the call where it is allowed. A refusal with ENOSYS is told as any other: a rule
/// names it, which a call that libraries merely try does not need.
Notice notice_of(uint32_t action, Notice allowed) {
  if (action == SECCOMP_RET_ALLOW) return allowed;
  return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? Notice::kNoted : Notice::kSilent;
}

// What stands behind a clause without conditions is never reached.
std::vector<Clause> in_order(std::vector<Ranked> ranked) {
  std::ranges::stable_sort(ranked, {}, &Ranked::rank);
  std::vector<Clause> clauses;
  for (Ranked& next : ranked) {
    clauses.push_back(std::move(next.clause));
    if (clauses.back().conditions.empty()) break;
  }
  return clauses;
}

}  // namespace

Expansion expand(const SyscallPolicy& policy) {
  Expansion expansion;
  expansion.mistakes = mistakes_in(policy);
  if (!expansion.mistakes.empty()) return expansion;
  Table table;
  for (const SyscallRule& rule : policy.refuse) add_refusal(table, rule);
  for (const SyscallRule& rule : policy.allow) add_allow(table, rule);
  for (auto& [number, ranked] : table) expansion.clauses[number] = in_order(std::move(ranked));
  if (policy.noted.empty()) return expansion;
  const std::set<int> noted = numbers_of(policy.noted);
  const std::set<int> starts_and_ends{SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(exit_group)};
  for (auto& [number, clauses] : expansion.clauses)
    for (Clause& clause : clauses)
      if (clause.action == SECCOMP_RET_ALLOW || !starts_and_ends.contains(number))
        clause.notice = notice_of(clause.action, noted.contains(number) ? Notice::kNoted : Notice::kSilent);
  return expansion;
}

uint32_t filter_action(const Clause& clause) {
  return clause.notice == Notice::kNoted ? SECCOMP_RET_USER_NOTIF : clause.action;
}

const Clause* deciding_clause(std::span<const Clause> clauses, std::span<const uint64_t, 6> arguments) {
  for (const Clause& clause : clauses)
    if (std::ranges::all_of(clause.conditions, [&](const Condition& c) { return holds(c, arguments[c.index]); }))
      return &clause;
  return nullptr;
}

std::string call_name(int number) {
  const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number),
                                                         &std::free);
  return name ? name.get() : fmt::format("call {}", number);
}

std::vector<std::string> known_calls() {
  std::vector<std::string> names;
  for (int number = 0; number < kNumbersToName; ++number)
    if (std::string name = call_name(number); !name.starts_with("call ")) names.push_back(std::move(name));
  return names;
}

}  // namespace clawbox::seccomp
