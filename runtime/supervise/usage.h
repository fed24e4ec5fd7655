// What a whole tree of processes uses, from /proc (proc_pid_stat(5): utime, stime, cutime, cstime, rss).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace clawbox::supervise {

struct Usage {
  std::chrono::milliseconds cpu{0};
  uint64_t processes = 0;
  uint64_t resident = 0;  // bytes; what processes share counts for each of them
};

/// Of `root`, its living descendants, and (`cpu`) every descendant that was reaped. Processes that end while we look
/// may be missed once; they are counted by the next look, in the times of whoever reaped them. Not counted: descendants
/// that a parent which ignores SIGCHLD let go without reaping; each of them has RLIMIT_CPU.
Usage usage_of_tree(pid_t root);

/// `root` and its living descendants, in no order.
std::vector<pid_t> tree_of(pid_t root);

}  // namespace clawbox::supervise
