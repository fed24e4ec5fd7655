#include "plan/cap_wishes.h"

#include <sys/resource.h>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::plan {
namespace {

// cpu.max is counted anew in each period; the kernel's own default.
constexpr uint64_t kCpuPeriod = 100'000;

using Wishes = std::vector<CapWish>;

CapWish size_wish(const char* name, const char* file, const Decided<uint64_t>& size) {
  return {"memory", {name, size_text(size.value), file, std::to_string(size.value), size.origin}};
}

void add_memory(const profile::Profile::Limits& limits, Wishes& wishes) {
  if (limits.memory) {
    CapWish wish = size_wish("memory", "memory.max", *limits.memory);
    // Not the address space, of which V8, Go and Java reserve much more than they ever use.
    wish.fallback = FallbackLimit{RLIMIT_DATA, "data", limits.memory->value, limits.memory->origin};
    wish.fallback_name = "RLIMIT_DATA of each process";
    wishes.push_back(std::move(wish));
  }
  // Never of our own accord: without swap a group above it is put to sleep again and again, so that a runaway would
  // hang until `time` ends it, and memory.max reclaims before it kills just as well.
  if (limits.memory_high) wishes.push_back(size_wish("memory_high", "memory.high", *limits.memory_high));
  if (limits.swap) wishes.push_back(size_wish("swap", "memory.swap.max", *limits.swap));
}

void add_processors(const profile::Profile::Limits& limits, Wishes& wishes) {
  if (limits.cpu)
    wishes.push_back({"cpu",
                      {"cpu", fmt::format("{}%", limits.cpu->value), "cpu.max",
                       fmt::format("{} {}", limits.cpu->value * kCpuPeriod / 100, kCpuPeriod), limits.cpu->origin}});
  if (limits.cpu_weight) {
    const std::string weight = std::to_string(limits.cpu_weight->value);
    wishes.push_back({"cpu", {"cpu_weight", weight, "cpu.weight", weight, limits.cpu_weight->origin}});
  }
  if (limits.cpuset.value != "all")
    wishes.push_back(
        {"cpuset", {"cpuset", limits.cpuset.value, "cpuset.cpus", limits.cpuset.value, limits.cpuset.origin}});
}

void add_processes(const profile::Profile::Limits& limits, Wishes& wishes) {
  if (!limits.processes) return;
  const std::string count = std::to_string(limits.processes->value);
  wishes.push_back({"pids",
                    {"processes", count, "pids.max", count, limits.processes->origin},
                    FallbackLimit{RLIMIT_NPROC, "nproc", limits.processes->value, limits.processes->origin},
                    "RLIMIT_NPROC"});
}

}  // namespace

Wishes wishes_of(const profile::Profile::Limits& limits) {
  Wishes wishes;
  add_memory(limits, wishes);
  add_processors(limits, wishes);
  add_processes(limits, wishes);
  return wishes;
}

}  // namespace clawbox::plan
