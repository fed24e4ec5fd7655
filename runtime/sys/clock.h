// The clock of records, durations and deadlines: CLOCK_BOOTTIME, which runs on while the machine sleeps and which
// nobody sets. clock_gettime(2).
#pragma once

#include <chrono>

namespace clawbox::sys {

/// Since the machine was started.
std::chrono::microseconds boot_time();

}  // namespace clawbox::sys
