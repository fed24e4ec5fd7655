#include <fmt/format.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <set>
#include <sstream>

#include "seccomp/cache_file.h"
#include "seccomp/compile.h"
#include "seccomp/expand.h"
#include "seccomp/group_lists.h"
#include "support/catch.h"
#include "unit/seccomp/policy.h"

namespace clawbox::seccomp {
namespace {

using namespace clawbox::test;

constexpr int kNumbers = 601;

/// Every value that some condition on the argument names, its neighbours, each with high bits, and a few of no meaning.
std::set<uint64_t> edges_of(const std::vector<Clause>& clauses, unsigned index) {
  std::set<uint64_t> edges = {0, 1, 0xffffffff, ~0ULL};
  for (const Clause& clause : clauses)
    for (const Condition& condition : clause.conditions) {
      if (condition.index != index) continue;
      for (const uint64_t value :
           {condition.value, condition.mask, condition.mask & -condition.mask, condition.value + 1})
        for (const uint64_t high : {0ULL, 1ULL << 32, 0xffffffff00000000ULL}) edges.insert(value | high);
    }
  return edges;
}

// Only the first four arguments have conditions here; the others stay 0.
std::vector<Call> edge_calls(int number, const std::vector<Clause>& clauses) {
  std::vector<Call> calls;
  for (const uint64_t a : edges_of(clauses, 0))
    for (const uint64_t b : edges_of(clauses, 1))
      for (const uint64_t c : edges_of(clauses, 2))
        for (const uint64_t d : edges_of(clauses, 3)) calls.push_back(native_call(number, {a, b, c, d}));
  return calls;
}

std::vector<Call> edge_calls_of(const Expansion& expansion, int number) {
  const auto found = expansion.clauses.find(number);
  const bool plain = found == expansion.clauses.end() || found->second.front().conditions.empty();
  return plain ? std::vector{native_call(number), native_call(number, {~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL})}
               : edge_calls(number, found->second);
}

uint32_t table_answer(const Expansion& expansion, const Call& call) {
  const auto found = expansion.clauses.find(static_cast<int>(call.number));
  if (found == expansion.clauses.end()) return kUnnamed;
  const Clause* const clause = deciding_clause(found->second, call.arguments);
  return clause != nullptr ? clause->action : kUnnamed;
}

SyscallPolicy base_policy_in_parts() {
  SyscallPolicy policy{{allowed("@default")}, {}};
  std::istringstream parts(kRefusedGroups);
  for (std::string part; parts >> part;) policy.refuse.push_back(refused(part));
  return policy;
}

std::vector<SyscallPolicy> policies() {
  SyscallPolicy strict = base_policy(), wide = base_policy();
  strict.refuse.push_back(refused("@debug", kKillProcess));
  strict.refuse.push_back(refused("@network", EACCES));
  wide.allow.push_back(allowed("lseek", {{1, ~0ULL, 0x100000002}}));
  wide.allow.push_back(allowed("socket", {{0, 0xffffffff, AF_VSOCK}, {1, 0xf, SOCK_STREAM}}));
  wide.allow.push_back(allowed("@numa"));
  return {base_policy(), base_policy_in_parts(), strict, wide, {{allowed("@default"), allowed("@refused")}, {}}};
}

}  // namespace

TEST_CASE("the compiled filter decides as the plain table does, for all numbers and edge arguments") {
  for (const SyscallPolicy& policy : policies()) {
    const Program program = compile(policy);
    const Expansion expansion = expand(policy);
    std::size_t differences = 0;
    for (int number = 0; number < kNumbers; ++number)
      for (const Call& call : edge_calls_of(expansion, number))
        if (action_of(program, call) != table_answer(expansion, call)) ++differences;
    CHECK(differences == 0);
  }
}

TEST_CASE("every instruction of the compiled filter is reached") {
  for (const SyscallPolicy& policy : policies()) {
    const Filter filter = compile(policy).filters.front();
    const Expansion expansion = expand(policy);
    std::vector<bool> reached(filter.size());
    const auto run = [&](const Call& call) {
      for (const std::size_t at : evaluate(filter, call).path) reached[at] = true;
    };
    run({0, 0, {}});
    run(native_call(0x40000000));
    for (int number = 0; number < kNumbers; ++number)
      for (const Call& call : edge_calls_of(expansion, number)) run(call);
    std::string missed;
    for (std::size_t i = 0; i < reached.size(); ++i)
      if (!reached[i]) missed += fmt::format("{}: {:#x} {:#x}\n", i, filter[i].code, filter[i].k);
    CHECK(missed == "");
  }
}

TEST_CASE("naming the parts of @refused is the same as naming it") {
  const Program whole = compile(base_policy()), parts = compile(base_policy_in_parts());
  CHECK(to_bytes(whole, "") == to_bytes(parts, ""));
}

// The kernel walks it for every number when it is loaded, and every start pays for that: 331 instructions take 0.1 ms.
TEST_CASE("the filter of the base profile is small") { CHECK(compile(base_policy()).filters.front().size() < 400); }

TEST_CASE("a call without argument rules is decided without looking at an argument") {
  const Filter filter = compile(base_policy()).filters.front();
  CHECK(evaluate(filter, native_call(SCMP_SYS(getpid))).arguments_read.empty());
  CHECK(evaluate(filter, native_call(SCMP_SYS(ioctl))).arguments_read == std::set<unsigned>{1});
}

TEST_CASE("a filter that runs past its end is a defect, not an answer") {
  const Filter endless = {{0x05, 0, 0, 7}};
  CHECK_THROWS(evaluate(endless, native_call(0)));
  CHECK_THROWS(evaluate(Filter{}, native_call(0)));
}

}  // namespace clawbox::seccomp
