#include "cgroup/cgroup.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cgroup/delegate.h"
#include "cgroup/direct.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::cgroup {
namespace {

using namespace std::chrono_literals;

constexpr auto kEndWithin = 5s;  // a process in an uninterruptible sleep, of a broken disk for instance, may outlive it

void set_cap(const Group& group, const GroupCap& cap) try {
  group.write(cap.file, cap.value);
} catch (const SysError& error) {
  throw Error(
      ExitStatus::kFeatureMissing,
      fmt::format("the cap {} = {} ({}) cannot be set: {}", cap.name, cap.shown, to_string(cap.origin), error.what()),
      fmt::format("choose another value, or say limits.allow_missing = [\"{}\"] in the profile", cap.name));
}

/// Huge pages of hugetlbfs are memory that memory.max does not count.
void forbid_huge_pages(const Group& group) {
  const OwnedFd opened = group.open(".", O_RDONLY | O_DIRECTORY);
  sys::Listing listing(opened);
  while (const dirent* entry = listing.next()) {
    const std::string name = entry->d_name;
    if (name.starts_with("hugetlb.") && name.ends_with(".max")) group.write(name, "0");
  }
}

/// Of io.stat, "MAJOR:MINOR rbytes=N wbytes=N …" for each device.
std::optional<uint64_t> sum_of(const std::optional<std::string>& text, const std::string& field) {
  if (!text) return std::nullopt;
  uint64_t sum = 0;
  for (std::size_t at = text->find(field); at != std::string::npos; at = text->find(field, at + field.size()))
    sum += std::strtoull(text->c_str() + at + field.size(), nullptr, 10);
  return sum;
}

std::optional<std::chrono::microseconds> microseconds(std::optional<uint64_t> number) {
  if (!number) return std::nullopt;
  return std::chrono::microseconds(*number);
}

/// "some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS", and a line for "full".
std::optional<std::chrono::microseconds> pressure_in(const std::optional<std::string>& text) {
  constexpr std::string_view kTotal = "total=";
  const std::size_t at = text ? text->find(kTotal) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  return std::chrono::microseconds(std::strtoull(text->c_str() + at + kTotal.size(), nullptr, 10));
}

}  // namespace

Cgroup::Cgroup(Group parent, std::string name)
    : parent_(std::move(parent)), name_(std::move(name)), session_(parent_.make_child(name_)) {}

/// By way of the other constructor: from there on a throw runs the destructor.
Cgroup::Cgroup(Group parent, std::string name, const ControlGroup& plan) : Cgroup(std::move(parent), std::move(name)) {
  // Whoever sweeps takes no group that is locked, nor one without an exec: it may not be locked yet.
  lock_ = session_.open(".", O_RDONLY | O_DIRECTORY);
  sys::try_lock(lock_);
  for (const GroupCap& cap : plan.caps) set_cap(session_, cap);
  forbid_huge_pages(session_);
  enable_controllers(session_, plan.controllers);
  first_ = Exec(session_, fmt::format("exec-{}", ++execs_));
}

Cgroup::~Cgroup() {
  if (parent_) parent_.remove_child(name_, std::chrono::steady_clock::now() + kEndWithin);
}

std::shared_ptr<Exec> Cgroup::make_exec() {
  if (!session_) return nullptr;
  return others_.emplace_back(std::make_shared<Exec>(session_, fmt::format("exec-{}", ++execs_)));
}

void Cgroup::sweep() {
  std::erase_if(others_, [this](const std::shared_ptr<Exec>& exec) {
    if (exec.use_count() > 1 || !exec->is_empty()) return false;
    past_refused_ += exec->hits().processes;
    return true;
  });
}

bool Cgroup::freeze() const noexcept { return !session_ || session_.try_write("cgroup.freeze", "1"); }
bool Cgroup::thaw() const noexcept { return !session_ || session_.try_write("cgroup.freeze", "0"); }

void Cgroup::kill() const noexcept {
  if (session_) session_.try_write("cgroup.kill", "1");
}

Usage Cgroup::usage() const {
  if (!session_) return {};
  Usage usage;
  usage.cpu = microseconds(session_.number("cpu.stat", "usage_usec"));
  usage.throttled = microseconds(session_.number("cpu.stat", "throttled_usec"));
  usage.memory = session_.number("memory.current");
  usage.memory_peak = session_.number("memory.peak");
  usage.processes_peak = session_.number("pids.peak");
  const std::optional<std::string> io = session_.read_if_there("io.stat");
  usage.read = sum_of(io, "rbytes=");
  usage.written = sum_of(io, "wbytes=");
  usage.memory_pressure = pressure_in(session_.read_if_there("memory.pressure"));
  usage.cpu_pressure = pressure_in(session_.read_if_there("cpu.pressure"));
  usage.io_pressure = pressure_in(session_.read_if_there("io.pressure"));
  return usage;
}

Throttling Cgroup::throttling() const {
  if (!session_) return {};
  const std::string text = session_.read_if_there("cpu.stat").value_or("");
  return {number_after(text, "nr_periods").value_or(0), number_after(text, "nr_throttled").value_or(0)};
}

/// A kill counts in every group above it, a refused fork in one of the two: see hits_in.
Hits Cgroup::hits() const {
  Hits sum = hits_in(session_);
  sum.processes += first_.hits().processes + past_refused_;
  for (const std::shared_ptr<Exec>& exec : others_) sum.processes += exec->hits().processes;
  return sum;
}

Cgroup create(const ControlGroup& plan, const std::string& id) {
  switch (plan.maker) {
    case ControlGroup::Maker::kDirect:
      return make_direct(plan, id);
    case ControlGroup::Maker::kDelegated:
      return make_delegated(plan, id);
    case ControlGroup::Maker::kNone:
      break;
  }
  return {};
}

}  // namespace clawbox::cgroup
