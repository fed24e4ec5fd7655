// The arguments of a system call as strace(1) writes them: `AT_FDCWD, "/etc/shadow", O_RDONLY|O_CLOEXEC`.
//
// What pointers lead to is a claim of the program, read while the call waits: it may be another thing by the time the
// kernel looks. All of it is escaped and bounded; a string that is longer than kMostText ends in "…" after its quotes.
// A pointer that cannot be read is written as a number.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sys/process_memory.h"

namespace clawbox::supervise {

inline constexpr std::size_t kMostText = 4096;  // of one string, read and written

/// `number`: of the native architecture. Calls that the tables do not know are six numbers.
std::string call_arguments(int number, std::span<const uint64_t, 6> arguments, const sys::ProcessMemory& memory);

/// The name as far as the tables know it, else empty.
std::string_view call_name(int number);

}  // namespace clawbox::supervise
