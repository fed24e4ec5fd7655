#include "supervise/usage.h"

#include <unistd.h>

#include <vector>

#include "sys/process_facts.h"

namespace clawbox::supervise {

/// Not by recursion: how deep the tree is, the program decides.
std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> found{root};
  for (std::size_t next = 0; next < found.size(); ++next)
    for (const pid_t child : sys::children_of(found[next])) found.push_back(child);
  return found;
}

Usage usage_of_tree(pid_t root) {
  uint64_t ticks = 0, processes = 0, pages = 0;
  for (const pid_t pid : tree_of(root)) {
    const auto stat = sys::stat_of(pid);
    if (!stat) continue;
    ticks += stat->cpu_ticks;
    pages += stat->resident_pages;
    ++processes;
  }
  const auto ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return {std::chrono::milliseconds(ticks * 1000 / ticks_per_second), processes, pages * page};
}

}  // namespace clawbox::supervise
