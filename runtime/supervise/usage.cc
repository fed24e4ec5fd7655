#include "supervise/usage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "sys/directories.h"

namespace clawbox::supervise {
namespace {

constexpr int kFirstTimeField = 14;  // utime, stime, cutime, cstime: proc_pid_stat(5)
constexpr int kResidentField = 24;   // in pages

struct Counted {
  uint64_t ticks = 0, processes = 0, pages = 0;
};

Counted counted(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = line.rfind(')');  // the name may hold anything, also ')' and newlines before it
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < kFirstTimeField; ++field) fields >> skipped;
  uint64_t user = 0, system = 0, children_user = 0, children_system = 0, pages = 0;
  fields >> user >> system >> children_user >> children_system;
  for (int field = kFirstTimeField + 4; field < kResidentField; ++field) fields >> skipped;
  fields >> pages;
  return {user + system + children_user + children_system, 1, pages};
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> result;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  sys::Listing listing(tasks);
  while (const dirent* entry = listing.next()) {
    std::ifstream children(fmt::format("{}/{}/children", tasks, entry->d_name));
    for (pid_t child = 0; children >> child;) result.push_back(child);
  }
  return result;
}

/// Not by recursion: how deep the tree is, the program decides.
Counted counted_tree(pid_t root) {
  Counted sum;
  std::vector<pid_t> waiting{root};
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    const Counted one = counted(pid);
    sum.ticks += one.ticks;
    sum.processes += one.processes;
    sum.pages += one.pages;
    for (const pid_t child : children_of(pid)) waiting.push_back(child);
  }
  return sum;
}

}  // namespace

Usage usage_of_tree(pid_t root) {
  const auto ticks_per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const Counted sum = counted_tree(root);
  return {std::chrono::milliseconds(sum.ticks * 1000 / ticks_per_second), sum.processes, sum.pages * page};
}

}  // namespace clawbox::supervise
