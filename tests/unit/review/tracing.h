// A piece of work in a process of its own, stopped before each call that changes a file system: ptrace(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace clawbox::test {

enum class Then { kGo, kKill };
/// Told before each call that changes something: how many there were, and the call's number.
using AtStep = std::function<Then(int step, uint64_t call)>;

/// The exit status of the process: 1 where `work` threw an Error; -1 when it was killed.
int traced(const std::function<void()>& work, const AtStep& at_step);

/// How many files and directories `work` opens.
int opens_of(const std::function<void()>& work);

}  // namespace clawbox::test
