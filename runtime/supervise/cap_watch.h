// Caps of the session's control group as they bite: recorded, and told apart from other ends. And the group itself: a
// session that was taken out of it has no caps, and ends.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "supervise/exec_log.h"
#include "supervise/outcome.h"
#include "sys/loop.h"

namespace clawbox::supervise {

/// For a person: "killed by the memory cap 4GiB (coding.toml:12), peak 4.0 GiB".
std::string memory_verdict(const ControlGroup& caps, std::optional<uint64_t> peak);

class CapWatch {
 public:
  struct Session {
    pid_t init = 0;  // its first process, as seen from outside
    ExecLog::Write write;
    std::function<void(const std::string& why)> end;  // it has no caps any more
  };
  /// `group` is one, and outlives the watch as `loop` and `plan` do.
  CapWatch(sys::Loop& loop, const Plan& plan, const cgroup::Cgroup& group, Session session);
  CapWatch(const CapWatch&) = delete;
  ~CapWatch();

  /// Nothing where the group does not tell.
  std::optional<std::chrono::microseconds> cpu() const { return group_.usage().cpu; }
  /// What the kernel does not wake for: a fork that is refused to a further command, until Linux 6.11.
  void look_again() { look(When::kNotTooOften); }
  /// The end of the session with what it used; one that the memory cap brought about becomes EndedBy::kMemory.
  Outcome judged(Outcome outcome);

 private:
  enum class When { kNow, kNotTooOften };
  void watch(const cgroup::Group& group, const std::string& file);
  void wake(int fd);
  void look(When when);
  void look_for_throttling();
  void require_in_group();
  void lose();
  void record(const std::string& cap, uint64_t hits, const Json& more = Json::object());
  const GroupCap* cap_named(const std::string& name) const;

  sys::Loop& loop_;
  const Plan& plan_;
  const cgroup::Cgroup& group_;
  Session session_;
  std::string place_;  // of the first process, in its own words
  std::vector<OwnedFd> files_;
  cgroup::Hits recorded_;
  std::chrono::steady_clock::time_point quiet_until_{};
  sys::Timer throttle_check_;
  cgroup::Throttling throttling_;  // at the last check
  enum class Throttled { kNotYet, kRecorded } throttled_ = Throttled::kNotYet;
  enum class Place { kInGroup, kLost } state_ = Place::kInGroup;
};

}  // namespace clawbox::supervise
