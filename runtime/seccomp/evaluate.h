// Runs a seccomp program in memory, as the kernel would: for `explain`, and for the tests that hold it against a table.
//
// Knows the instructions that assemble.cc writes; any other one, a jump out of the program or a missing return is an
// Error(kInternal). Not shown by it: what the kernel answers to a call that is allowed.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "seccomp/compile.h"

namespace clawbox::seccomp {

struct Call {
  uint32_t number = 0;
  uint32_t architecture = 0;  // AUDIT_ARCH_…
  std::array<uint64_t, 6> arguments{};
};
/// A call of the native architecture.
Call native_call(int number, std::array<uint64_t, 6> arguments = {});

struct Evaluation {
  uint32_t action = 0;                // SECCOMP_RET_… with its data
  std::set<unsigned> arguments_read;  // indices
  std::vector<std::size_t> path;      // the instructions that ran, in order
};
Evaluation evaluate(std::span<const sock_filter> filter, const Call& call);

/// All filters together: the strictest answer, among equal ones that of the filter loaded last.
uint32_t action_of(const Program& program, const Call& call);

}  // namespace clawbox::seccomp
