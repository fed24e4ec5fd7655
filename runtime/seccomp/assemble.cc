#include "seccomp/assemble.h"

#include <fmt/format.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <span>

#include "base/error.h"

namespace clawbox::seccomp {
namespace {

constexpr std::size_t kFarthestJump = std::numeric_limits<decltype(sock_filter::jt)>::max();
constexpr uint32_t kFirstX32Number = 0x40000000;  // __X32_SYSCALL_BIT of <asm/unistd.h>, which other machines lack
constexpr uint32_t kSkippedNumber = 0xffffffff;   // what a tracer writes to have no call made
constexpr uint32_t kLowWord = std::endian::native == std::endian::little ? 0 : 4;

constexpr sock_filter statement(unsigned code, uint32_t k) { return {static_cast<uint16_t>(code), 0, 0, k}; }
constexpr sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
constexpr sock_filter answer(uint32_t action) { return statement(BPF_RET | BPF_K, action); }

constexpr sock_filter jump(unsigned test, uint32_t k, std::size_t if_true, std::size_t if_false) {
  return {static_cast<uint16_t>(BPF_JMP | test | BPF_K), static_cast<uint8_t>(if_true), static_cast<uint8_t>(if_false),
          k};
}

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

/// One 32-bit half of a condition.
struct WordTest {
  uint32_t offset = 0;
  uint32_t mask = 0;
  uint32_t value = 0;
  Condition::Kind kind = Condition::Kind::kEqual;
};

WordTest word_test(const Condition& condition, uint32_t word, int shift) {
  return {static_cast<uint32_t>(offsetof(seccomp_data, args) + sizeof(uint64_t) * condition.index) + word,
          static_cast<uint32_t>(condition.mask >> shift), static_cast<uint32_t>(condition.value >> shift),
          condition.kind};
}

// "Any bit of both words" would be an "or", which a chain of tests that must all hold cannot say. No rule needs it.
std::vector<WordTest> word_tests(const Condition& condition) {
  const WordTest low = word_test(condition, kLowWord, 0), high = word_test(condition, 4 - kLowWord, 32);
  if (high.mask == 0) return {low};
  if (condition.kind == Condition::Kind::kAnyBit) throw Error(ExitStatus::kInternal, "any_bit() in more than 32 bits");
  return low.mask == 0 ? std::vector{high} : std::vector{low, high};
}

/// What stands between "A holds the word" and the test's jump.
Code masked(const WordTest& test) {
  if (test.kind == Condition::Kind::kAnyBit || test.mask == 0xffffffff) return {};
  return {statement(BPF_ALU | BPF_AND | BPF_K, test.mask)};
}
sock_filter test_jump(const WordTest& test, std::size_t if_false) {
  if (test.kind == Condition::Kind::kAnyBit) return jump(BPF_JSET, test.mask, 0, if_false);
  return jump(BPF_JEQ, test.value, 0, if_false);
}

std::vector<WordTest> tests_of(const Clause& clause) {
  std::vector<WordTest> tests;
  for (const Condition& condition : clause.conditions)
    for (const WordTest& test : word_tests(condition)) tests.push_back(test);
  return tests;
}

// Built from its end, so that each test knows how far it is to the next clause.
Code clause_code(const Clause& clause) {
  Code code = {answer(filter_action(clause))};
  const std::vector<WordTest> tests = tests_of(clause);
  for (auto test = tests.rbegin(); test != tests.rend(); ++test) {
    Code front = {load(test->offset)};
    append(front, masked(*test));
    front.push_back(test_jump(*test, code.size()));
    append(front, code);
    code = std::move(front);
  }
  return code;
}

Code leaf_code(std::span<const Clause> clauses) {
  Code code;
  for (const Clause& clause : clauses) append(code, clause_code(clause));
  if (clauses.empty() || !clauses.back().conditions.empty()) code.push_back(answer(kUnnamed));
  return code;
}

struct Range {
  uint32_t first = 0;
  Code code;
};

bool same(const Code& one, const Code& other) {
  return std::ranges::equal(one, other, [](const sock_filter& a, const sock_filter& b) {
    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
  });
}

void add_range(std::vector<Range>& ranges, uint32_t first, Code code) {
  if (ranges.empty() || !same(ranges.back().code, code)) ranges.push_back({first, std::move(code)});
}

// Neighbours with one answer become one range; what is between named numbers is a range of unnamed ones.
std::vector<Range> ranges_of(const std::map<int, std::vector<Clause>>& clauses) {
  std::vector<Range> ranges;
  uint32_t next = 0;
  for (const auto& [number, of_call] : clauses) {
    const auto first = static_cast<uint32_t>(number);
    if (first > next) add_range(ranges, next, leaf_code({}));
    add_range(ranges, first, leaf_code(of_call));
    next = first + 1;
  }
  add_range(ranges, next, leaf_code({}));
  return ranges;
}

// A conditional jump reaches 255 instructions, `ja` any number.
Code tree(std::span<const Range> ranges) {
  if (ranges.size() == 1) return ranges.front().code;
  const auto left = ranges.first(ranges.size() / 2), right = ranges.subspan(ranges.size() / 2);
  const Code below = tree(left);
  Code code;
  if (below.size() <= kFarthestJump) {
    code = {jump(BPF_JGE, right.front().first, below.size(), 0)};
  } else {
    code = {jump(BPF_JGE, right.front().first, 0, 1), statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(below.size()))};
  }
  append(code, below);
  append(code, tree(right));
  return code;
}

Code entry() {
  const uint32_t native = seccomp_arch_native();  // the value is the kernel's AUDIT_ARCH_…
  Code code = {load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, native, 1, 0), answer(SECCOMP_RET_KILL_PROCESS),
               load(offsetof(seccomp_data, nr))};
  if (native != SCMP_ARCH_X86_64) return code;
  append(code,
         {jump(BPF_JGE, kFirstX32Number, 0, 2), jump(BPF_JEQ, kSkippedNumber, 1, 0), answer(SECCOMP_RET_KILL_PROCESS)});
  return code;
}

}  // namespace

Code assemble(const std::map<int, std::vector<Clause>>& clauses) {
  Code code = entry();
  append(code, tree(ranges_of(clauses)));
  if (code.size() > BPF_MAXINSNS)
    throw Error(
        ExitStatus::kProfileInvalid,
        fmt::format("the system-call policy needs {} instructions, the kernel takes {}", code.size(), BPF_MAXINSNS),
        "name fewer calls with argument tests");
  return code;
}

}  // namespace clawbox::seccomp
