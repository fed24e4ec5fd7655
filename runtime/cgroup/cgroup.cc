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

constexpr const char* kFirstExec = "exec-1";
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
  exec_ = session_.make_child(kFirstExec);
  // A program that lost one of its processes to the cap at random is in a state that nobody has tested: all or none.
  exec_.try_write("memory.oom.group", "1");
}

Cgroup::~Cgroup() {
  if (parent_) parent_.remove_child(name_, std::chrono::steady_clock::now() + kEndWithin);
}

void Cgroup::freeze() const {
  if (session_) session_.write("cgroup.freeze", "1");
}

void Cgroup::thaw() const {
  if (session_) session_.write("cgroup.freeze", "0");
}

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
  return usage;
}

/// Until Linux 6.11 a refused fork counts in the group that forked, and since then in the one whose cap it was.
Hits Cgroup::hits() const {
  if (!session_) return {};
  return {session_.number("memory.events", "oom_kill").value_or(0),
          session_.number("pids.events", "max").value_or(0) + exec_.number("pids.events", "max").value_or(0)};
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
