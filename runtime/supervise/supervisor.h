// The loop after exec: the caller's signals in, the program's end out, deadlines, the terminal. One thread, one epoll.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "launch/launcher.h"
#include "launch/protocol.h"
#include "plan/plan.h"
#include "supervise/call_watch.h"
#include "supervise/caller_stdio.h"
#include "supervise/cap_watch.h"
#include "supervise/outcome.h"
#include "supervise/pump.h"
#include "supervise/space_guard.h"
#include "supervise/store_watch.h"
#include "supervise/terminal_proxy.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class Supervisor {
 public:
  /// From here the caller's signals are queued for the loop. `terminal`: master of the session's terminal, or empty.
  Supervisor(const Plan& plan, launch::Child& child, CallerStdio stdio, OwnedFd terminal);

  /// Records and answers the calls that the filter tells of; without a listener there are none.
  void listen(ListenerGift gift, ExecLog::Write write);
  /// Tells of caps that bite, and why a session was killed. `group` is one.
  void watch_caps(const cgroup::Cgroup& group, ExecLog::Write write);
  /// Keeps `limits.reserve` free, also where `trail` grows. `group` may be none; `tell` reaches a person at once.
  /// Throws where less is free already.
  void guard_space(const cgroup::Cgroup& group, const std::string& trail, ExecLog::Write write,
                   std::function<void(const std::string&)> tell);
  /// Tells when the store is full. It outlives this; `tell` as above.
  void watch_store(store::Store& store, ExecLog::Write write, std::function<void(const std::string&)> tell);
  /// Returns when the program runs. Throws if it cannot (ExitStatus::kNotFound, kNotExecutable).
  void wait_for_start();
  /// Returns when the program has ended and its output has been passed on. Does not wait for the kernel to take the
  /// namespaces apart.
  Outcome run_until_exit();

 private:
  void listen_to_child();
  ExecLog::Program told_program();
  void pass_signal_on();
  void write_usage();
  void enforce_time();
  void enforce_cpu_time();
  void cut_short(EndedBy reason, const std::string& detail);
  void note_failure(const launch::Packet& packet);
  void note_end(const launch::Packet& packet);
  void note_killed(const std::string& detail);
  void stop_when_drained();
  void note_lost_output(Outcome& outcome) const;

  const Plan& plan_;
  launch::Child& child_;
  sys::Loop loop_;
  sys::SignalFd signals_;
  sys::Timer deadline_, cpu_check_, grace_, usage_;
  std::vector<std::unique_ptr<Pump>> inputs_, outputs_;
  std::optional<TerminalProxy> terminal_;
  std::optional<ExecLog::Program> program_;
  std::optional<CallWatch> calls_;
  std::optional<CapWatch> caps_;
  std::optional<SpaceGuard> space_;
  std::optional<StoreWatch> store_;
  ExecLog::Write write_;
  enum class Phase { kStarting, kRunning } phase_ = Phase::kStarting;
  std::optional<Error> failed_;       // why the program could not start
  std::optional<Outcome> ended_;      // what the program did
  std::optional<Outcome> cut_short_;  // what we did to it
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace clawbox::supervise
