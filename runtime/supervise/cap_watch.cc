#include "supervise/cap_watch.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::supervise {
namespace {

using Clock = std::chrono::steady_clock;

// A fork bomb hits its cap a million times a second, and one record says it all.
constexpr auto kBetweenRecords = std::chrono::seconds(5);

// As many as a second and a half has: less is no more than the start of a program.
constexpr uint64_t kPeriodsToJudge = 15;

/// Of cgroup v2; empty where there is no such process.
std::string groups_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cgroup", pid));
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line;
  return "";
}

/// 4.0 GiB for 4294967296 and for a little less: a peak is no exact form of anything.
std::string rounded_size(uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

const GroupCap* cap_in(const ControlGroup& group, const std::string& name) {
  const auto found =
      std::find_if(group.caps.begin(), group.caps.end(), [&](const GroupCap& cap) { return cap.name == name; });
  return found == group.caps.end() ? nullptr : &*found;
}

}  // namespace

std::string memory_verdict(const ControlGroup& caps, std::optional<uint64_t> peak) {
  const GroupCap* cap = cap_in(caps, "memory");
  return fmt::format("killed by the memory cap{}{}",
                     cap != nullptr ? fmt::format(" {} ({})", cap->shown, to_string(cap->origin)) : "",
                     peak ? ", peak " + rounded_size(*peak) : "");
}

CapWatch::CapWatch(sys::Loop& loop, const Plan& plan, const cgroup::Cgroup& group, Session session)
    : loop_(loop), plan_(plan), group_(group), session_(std::move(session)), place_(groups_of(session_.init)) {
  watch(group_.session(), "memory.events");
  // See cgroup::hits_in: which of the two counts depends on the kernel.
  watch(group_.session(), "pids.events");
  watch(group_.first_exec(), "pids.events");
  watch(group_.session(), "cgroup.events");
  if (cap_named("cpu") == nullptr) return;
  loop_.watch(throttle_check_.fd(), EPOLLIN, [this](uint32_t) {
    throttle_check_.drain();
    look_for_throttling();
    if (throttled_ == Throttled::kRecorded) loop_.forget(throttle_check_.fd());
  });
  throttle_check_.start(kBetweenRecords, kBetweenRecords);
}

CapWatch::~CapWatch() {
  loop_.forget(throttle_check_.fd());
  for (const OwnedFd& file : files_) loop_.forget(file.get());
}

/// The kernel wakes with POLLPRI when a count has changed since the file was read last.
void CapWatch::watch(const cgroup::Group& group, const std::string& file) {
  if (!group.read_if_there(file)) return;
  files_.push_back(group.open(file, O_RDONLY));
  const int fd = files_.back().get();
  std::array<char, 512> text{};
  [[maybe_unused]] const ssize_t first = ::pread(fd, text.data(), text.size(), 0);
  loop_.watch(fd, EPOLLPRI, [this, fd](uint32_t) { wake(fd); });
}

/// A file of a group that is gone would wake us for ever.
void CapWatch::wake(int fd) {
  std::array<char, 512> changed{};
  if (::pread(fd, changed.data(), changed.size(), 0) < 0) {
    loop_.forget(fd);
    return lose();
  }
  require_in_group();
  look(When::kNotTooOften);
}

void CapWatch::look(When when) {
  if (when == When::kNotTooOften && Clock::now() < quiet_until_) return;
  const cgroup::Hits hits = group_.hits();
  if (hits.out_of_memory > recorded_.out_of_memory) record("memory", hits.out_of_memory);
  if (hits.processes > recorded_.processes) record("processes", hits.processes);
  recorded_ = hits;
}

/// Told once: a session that computes for hours is held back all the time.
void CapWatch::look_for_throttling() {
  const cgroup::Throttling now = group_.throttling(), last = std::exchange(throttling_, now);
  const uint64_t periods = now.periods - last.periods, throttled = now.throttled - last.throttled;
  if (throttled_ == Throttled::kRecorded || periods < kPeriodsToJudge || throttled * 2 < periods) return;
  throttled_ = Throttled::kRecorded;
  const std::chrono::microseconds time = group_.usage().throttled.value_or(std::chrono::microseconds(0));
  record("cpu", now.throttled, {{"throttled_ms", time.count() / 1000}});
}

/// An empty group whose first process lives on elsewhere. A dying one still says where it was.
void CapWatch::require_in_group() {
  if (group_.session().number("cgroup.events", "populated").value_or(0) != 0) return;
  const std::string now = groups_of(session_.init);
  if (!now.empty() && !now.starts_with(place_)) lose();
}

void CapWatch::lose() {
  if (std::exchange(state_, Place::kLost) == Place::kLost) return;
  session_.write("cap", {{"cap", "group"}, {"state", "lost"}, {"origin", to_string(plan_.limits.group.origin)}});
  session_.end("the session was taken out of its control group, and its caps held no more");
}

const GroupCap* CapWatch::cap_named(const std::string& name) const { return cap_in(plan_.limits.group, name); }

void CapWatch::record(const std::string& name, uint64_t hits, const Json& more) {
  quiet_until_ = Clock::now() + kBetweenRecords;
  Json fields{{"cap", name}, {"hits", hits}};
  fields.update(more);
  if (const GroupCap* cap = cap_named(name)) {
    fields["value"] = cap->shown;
    fields["origin"] = to_string(cap->origin);
  }
  session_.write("cap", fields);
}

Outcome CapWatch::judged(Outcome outcome) {
  look(When::kNow);
  throttling_ = {};  // of the whole session
  look_for_throttling();
  const cgroup::Usage usage = group_.usage();
  if (usage.cpu) outcome.cpu = *usage.cpu;  // also of what nobody reaped
  outcome.group = Outcome::Group{usage.memory_peak, usage.processes_peak,  usage.throttled,    usage.read,
                                 usage.written,     usage.memory_pressure, usage.cpu_pressure, usage.io_pressure};
  const bool killed = outcome.ended_by == EndedBy::kKilled || outcome.signal == SIGKILL;
  const bool by_us = outcome.ended_by == EndedBy::kTime || outcome.ended_by == EndedBy::kCpuTime ||
                     outcome.ended_by == EndedBy::kFailed;
  if (recorded_.out_of_memory == 0 || !killed || by_us) return outcome;
  outcome.ended_by = EndedBy::kMemory;
  outcome.exit_status = static_cast<int>(ExitStatus::kCapEnded);
  outcome.detail = memory_verdict(plan_.limits.group, usage.memory_peak);
  return outcome;
}

}  // namespace clawbox::supervise
