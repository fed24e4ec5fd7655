#include "supervise/cpu_time.h"

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

uint64_t ticks_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = line.rfind(')');  // the name may hold anything, also ')' and newlines before it
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < kFirstTimeField; ++field) fields >> skipped;
  uint64_t user = 0, system = 0, children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  return user + system + children_user + children_system;
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

uint64_t ticks_of_tree(pid_t pid) {
  uint64_t ticks = ticks_of(pid);
  for (const pid_t child : children_of(pid)) ticks += ticks_of_tree(child);
  return ticks;
}

}  // namespace

std::chrono::milliseconds cpu_time_of_tree(pid_t root) {
  const auto per_second = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  return std::chrono::milliseconds(ticks_of_tree(root) * 1000 / per_second);
}

}  // namespace clawbox::supervise
