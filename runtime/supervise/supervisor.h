// The loop of a session from the first command to its end: what pid 1 tells, recorded calls, caps. One thread, one
// epoll.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "launch/launcher.h"
#include "launch/protocol.h"
#include "plan/plan.h"
#include "supervise/call_watch.h"
#include "supervise/cap_watch.h"
#include "supervise/commands.h"
#include "supervise/outcome.h"
#include "supervise/space_guard.h"
#include "supervise/store_watch.h"
#include "supervise/usage.h"
#include "sys/clock.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class Supervisor {
 public:
  using Tell = std::function<void(const std::string&)>;
  /// `group` may be none. All outlive this.
  Supervisor(const Plan& plan, launch::Child& child, cgroup::Cgroup& group);
  Supervisor(const Supervisor&) = delete;
  ~Supervisor();

  /// What has its number already, of a session whose sandbox was built anew. Ahead of everything else.
  struct Counts {
    uint32_t commands = 0;
    uint64_t execs = 0;
  };
  void go_on_after(const Counts& counts);
  Counts counts() const;

  /// Records and answers the calls that the filter tells of; without a listener there are none.
  void listen(ListenerGift gift, ExecLog::Write write);
  /// Tells of caps that bite, and why a session was killed; nothing without a group.
  void watch_caps(ExecLog::Write write);
  /// Keeps `limits.reserve` free, also where `trail` grows. `tell` reaches a person at once. Throws where less is free
  /// already.
  void guard_space(const std::string& trail, ExecLog::Write write, Tell tell);
  /// Tells when the store is full, and ends the session where nothing else can hold it. It outlives this; `tell` as
  /// above.
  void watch_store(store::Store& store, ExecLog::Write write, Tell tell);

  sys::Loop& loop() { return loop_; }
  Commands& commands() { return commands_; }
  const Plan& plan() const { return plan_; }
  pid_t init() const { return child_.pid(); }

  /// Every process stands still, or goes on, or is killed: then the session is over.
  void freeze();
  void thaw();
  bool is_frozen() const { return frozen_ || (space_ && space_->is_frozen()); }
  void kill() { static_cast<void>(child_.process().kill()); }
  /// SIGTERM to everybody, and after `grace` the end of the session, told as `outcome`.
  void end(Outcome outcome, std::chrono::milliseconds grace);
  bool is_ending() const { return cut_short_.has_value(); }
  Usage usage() const;
  /// The id of the exec that runs in this process, 0 if none is known.
  uint64_t exec_of(pid_t process) { return calls_ ? calls_->exec_of(process) : 0; }

  /// What a client asks for the session's network, and on whose behalf; nobody there: it has none to change.
  using ChangeNetwork = std::function<void(const Json& request, const std::string& by)>;
  void when_network_changes(ChangeNetwork change) { change_network_ = std::move(change); }
  void change_network(const Json& request, const std::string& by);

  /// `when_over`, instead of an end of `run`: pid 1 is gone, and what it has written may not be passed on yet.
  void when_over(std::function<void()> call) { when_over_ = std::move(call); }
  /// How the session ended, said once; without it, pid 1 was killed.
  void over(const Outcome& outcome);
  /// What is known of its end so far, in a sentence; empty while it lives.
  std::string end_in_words() const { return ended_ ? ended_->detail : ""; }
  /// Until somebody stops the loop. Everything that was asked for is on record when it returns.
  Outcome run();
  /// Before a session that could not begin is given up: what was asked for is on record with its end.
  void give_up();

 private:
  void stand_still();
  void go_on();
  void listen_to_child();
  void hear_of_command(launch::Message message);
  std::optional<ExecLog::Program> told_program(std::optional<pid_t> inside);
  void write_usage();
  void end_when_due();
  void enforce_time();
  std::chrono::microseconds cpu_time() const;
  void enforce_cpu_time();
  void cut_short(EndedBy reason, const std::string& detail);
  void kill_for(EndedBy reason, const std::string& detail);

  const Plan& plan_;
  launch::Child& child_;
  cgroup::Cgroup& group_;
  sys::Loop loop_;
  Commands commands_;
  sys::Timer deadline_, cpu_check_, grace_, usage_, again_;
  Counts before_;
  std::optional<CallWatch> calls_;
  std::optional<CapWatch> caps_;
  std::optional<SpaceGuard> space_;
  std::optional<StoreWatch> store_;
  ExecLog::Write write_;
  std::function<void()> when_over_;
  ChangeNetwork change_network_;
  bool frozen_ = false;
  std::chrono::microseconds kill_at_{0};
  std::chrono::milliseconds cpu_at_end_{0};  // a pid 1 that is killed tells nothing
  std::optional<Outcome> ended_;             // what the session did
  std::optional<Outcome> cut_short_;         // what we did to it
  std::chrono::microseconds started_ = sys::boot_time();
};

}  // namespace clawbox::supervise
