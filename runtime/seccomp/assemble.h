// The instructions of a filter (classic BPF, <linux/filter.h>): a binary tree over runs of numbers with one answer, and
// in its leaves the clauses of a call, one after the other.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <map>
#include <vector>

#include "seccomp/expand.h"

namespace clawbox::seccomp {

using Code = std::vector<sock_filter>;

/// The whole filter: architecture, x32, then the tree over all numbers. Throws Error(kProfileInvalid) if it is longer
/// than the kernel takes (4096).
Code assemble(const std::map<int, std::vector<Clause>>& clauses);

}  // namespace clawbox::seccomp
