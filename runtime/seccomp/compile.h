// A policy as plain BPF bytes, for the native architecture.
//
// libseccomp gives the numbers of the names; the instructions are ours, because three things cannot be said to it:
// comparisons of the low 32 bits (its refuse-rules are fooled by a set high bit), "all but these" with an errno of its
// own, and runs of numbers with one answer. One filter of a tree of ranges instead of two of one leaf per call also
// loads in less than half the time, which every start pays. tests/unit/seccomp holds it against the plain table.
//
// Another architecture's calls (i386) and x32's kill the process; number -1 (a tracer skipped the call) is unnamed.
// Source: Documentation/userspace-api/seccomp_filter.rst, man 2 seccomp. Least kernel: 4.14 (KILL_PROCESS).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "plan/plan.h"

namespace clawbox::seccomp {

using Filter = std::vector<sock_filter>;

/// Filters in the order of loading. The kernel runs all of them and takes the strictest answer; among equal ones, that
/// of the filter loaded last.
struct Program {
  std::vector<Filter> filters;
  bool listens = false;  // the first filter tells a supervisor: it is loaded with a listener
};

/// Throws Error(kProfileInvalid) with one "file:line: …" per mistake, each on its own line.
Program compile(const SyscallPolicy& policy);

}  // namespace clawbox::seccomp
