// Caps of the session's control group as they bite: recorded, and told apart from other ends.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "supervise/exec_log.h"
#include "supervise/outcome.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class CapWatch {
 public:
  /// `group` is one, and outlives the watch as `loop` and `plan` do.
  CapWatch(sys::Loop& loop, const Plan& plan, const cgroup::Cgroup& group, ExecLog::Write write);
  CapWatch(const CapWatch&) = delete;
  ~CapWatch();

  std::chrono::microseconds cpu() const { return group_.usage().cpu.value_or(std::chrono::microseconds(0)); }
  /// The end of the session with what it used; one that the memory cap brought about becomes EndedBy::kMemory.
  Outcome judged(Outcome outcome);

 private:
  enum class When { kNow, kNotTooOften };
  void watch(const cgroup::Group& group, const std::string& file);
  void look(When when);
  void record(const std::string& cap, uint64_t hits);
  const GroupCap* cap_named(const std::string& name) const;
  std::string memory_verdict() const;

  sys::Loop& loop_;
  const Plan& plan_;
  const cgroup::Cgroup& group_;
  ExecLog::Write write_;
  std::vector<OwnedFd> files_;
  cgroup::Hits recorded_;
  std::chrono::steady_clock::time_point quiet_until_{};
};

}  // namespace clawbox::supervise
