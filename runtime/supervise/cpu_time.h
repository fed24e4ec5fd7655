// CPU time of a whole tree of processes, from /proc (proc(5), stat: utime, stime, cutime, cstime).
#pragma once

#include <sys/types.h>

#include <chrono>

namespace clawbox::supervise {

/// Not counted: descendants that a parent which ignores SIGCHLD let go without reaping; each of them has RLIMIT_CPU.
/// Of `root`, its living descendants, and every descendant that was reaped. Processes that end while we look may be
/// missed once; they are counted by the next look, in the times of whoever reaped them.
std::chrono::milliseconds cpu_time_of_tree(pid_t root);

}  // namespace clawbox::supervise
