#include "supervise/cap_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::supervise {
namespace {

using Clock = std::chrono::steady_clock;

// A fork bomb hits its cap a million times a second, and one record says it all.
constexpr auto kBetweenRecords = std::chrono::seconds(5);

/// 4.0 GiB for 4294967296 and for a little less: a peak is no exact form of anything.
std::string rounded_size(uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

}  // namespace

CapWatch::CapWatch(sys::Loop& loop, const Plan& plan, const cgroup::Cgroup& group, ExecLog::Write write)
    : loop_(loop), plan_(plan), group_(group), write_(std::move(write)) {
  watch(group_.session(), "memory.events");
  // See Cgroup::hits: which of the two counts depends on the kernel.
  watch(group_.session(), "pids.events");
  watch(group_.first_exec(), "pids.events");
}

CapWatch::~CapWatch() {
  for (const OwnedFd& file : files_) loop_.forget(file.get());
}

/// The kernel wakes with POLLPRI when a count has changed since the file was read last.
void CapWatch::watch(const cgroup::Group& group, const std::string& file) {
  if (!group.read_if_there(file)) return;
  files_.push_back(group.open(file, O_RDONLY));
  const int fd = files_.back().get();
  std::array<char, 512> text{};
  [[maybe_unused]] const ssize_t first = ::pread(fd, text.data(), text.size(), 0);
  loop_.watch(fd, EPOLLPRI, [this, fd](uint32_t) {
    std::array<char, 512> changed{};
    [[maybe_unused]] const ssize_t got = ::pread(fd, changed.data(), changed.size(), 0);
    look(When::kNotTooOften);
  });
}

void CapWatch::look(When when) {
  if (when == When::kNotTooOften && Clock::now() < quiet_until_) return;
  const cgroup::Hits hits = group_.hits();
  if (hits.out_of_memory > recorded_.out_of_memory) record("memory", hits.out_of_memory);
  if (hits.processes > recorded_.processes) record("processes", hits.processes);
  recorded_ = hits;
}

const GroupCap* CapWatch::cap_named(const std::string& name) const {
  const auto& caps = plan_.limits.group.caps;
  const auto found = std::find_if(caps.begin(), caps.end(), [&](const GroupCap& cap) { return cap.name == name; });
  return found == caps.end() ? nullptr : &*found;
}

void CapWatch::record(const std::string& name, uint64_t hits) {
  quiet_until_ = Clock::now() + kBetweenRecords;
  Json fields{{"cap", name}, {"hits", hits}};
  if (const GroupCap* cap = cap_named(name)) {
    fields["value"] = cap->shown;
    fields["origin"] = to_string(cap->origin);
  }
  write_("cap", fields);
}

std::string CapWatch::memory_verdict() const {
  const GroupCap* cap = cap_named("memory");
  const std::optional<uint64_t> peak = group_.usage().memory_peak;
  return fmt::format("killed by the memory cap{}{}",
                     cap != nullptr ? fmt::format(" {} ({})", cap->shown, to_string(cap->origin)) : "",
                     peak ? ", peak " + rounded_size(*peak) : "");
}

Outcome CapWatch::judged(Outcome outcome) {
  look(When::kNow);
  const cgroup::Usage usage = group_.usage();
  if (usage.cpu) outcome.cpu = *usage.cpu;  // also of what nobody reaped
  outcome.group = Outcome::Group{usage.memory_peak, usage.processes_peak, usage.throttled, usage.read, usage.written};
  const bool killed = outcome.ended_by == EndedBy::kKilled || outcome.signal == SIGKILL;
  const bool by_us = outcome.ended_by == EndedBy::kTime || outcome.ended_by == EndedBy::kCpuTime;
  if (recorded_.out_of_memory == 0 || !killed || by_us) return outcome;
  outcome.ended_by = EndedBy::kMemory;
  outcome.exit_status = static_cast<int>(ExitStatus::kCapEnded);
  outcome.detail = memory_verdict();
  return outcome;
}

}  // namespace clawbox::supervise
