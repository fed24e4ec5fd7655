// The commands of a session: executed by pid 1, which tells how each goes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "launch/launcher.h"
#include "launch/protocol.h"
#include "plan/plan.h"
#include "supervise/exec_log.h"
#include "sys/loop.h"

namespace clawbox::supervise {

/// Who asked for a command hears of it. Exactly one of `failed` and `ended` comes, and it is the last.
class CommandOwner {
 public:
  struct End {
    int status = 0;
    int signal = 0;                    // that ended it, or 0
    std::chrono::microseconds cpu{0};  // of it and what it has reaped
    std::string memory;                // the kernel killed it at the session's memory cap: said in a sentence
  };
  virtual ~CommandOwner() = default;
  virtual void took_terminal(OwnedFd master) = 0;
  virtual void started(pid_t inside) = 0;
  virtual void stopped(int signal) = 0;
  virtual void failed(const Error& cause) = 0;
  virtual void ended(const End& end) = 0;
};

class Commands {
 public:
  /// `group` may be none; each command has a group of its own in it, but the only one: that shares pid 1's.
  Commands(launch::Child& child, const Plan& plan, cgroup::Cgroup& group) : child_(child), plan_(plan), group_(group) {}
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  /// The number of the command. `owner` outlives it, or says `disown`.
  uint32_t execute(const Command& command, const launch::Stdio& stdio, launch::Role role, CommandOwner& owner);
  /// A file operation, numbered as a command: it shares pid 1's control group, and its end tells an errno.
  uint32_t operate_on_files(const Command& request, const OwnedFd& stream, CommandOwner& owner);
  /// To its process group; one that has ended takes no notice.
  void signal(uint32_t number, int signal);
  /// Nobody wants to hear of it any more.
  void disown(uint32_t number);
  /// Readable when one has not begun for a while. A program inside may stop it, and pid 1, which waits for it, with it:
  /// then it is killed.
  int overdue() const { return overdue_.fd(); }
  void end_if_stopped();
  /// One packet of pid 1 that tells of a command.
  void hear(launch::Message message);

  /// What pid 1 told of the file that the process with this number inside will execute; of the last one where the
  /// number is not known. Each is given once.
  std::optional<ExecLog::Program> program(std::optional<pid_t> inside);
  std::size_t running() const { return running_.size(); }
  uint32_t count() const { return last_; }
  /// Of a session whose sandbox was built anew: so many have their numbers already.
  void go_on_after(uint32_t commands) { last_ = commands; }

 private:
  struct Running {
    ExecClaim claim;  // until it is executed
    CommandOwner* owner = nullptr;
    std::shared_ptr<cgroup::Exec> group;
    OwnedFd hold;  // until it is in its group
    bool has_begun = false;
  };
  void admit(Running& running, pid_t inside) const;
  CommandOwner::End end_of(const Running& running, const launch::Packet& packet) const;

  struct Told {
    pid_t inside = 0;
    uint32_t command = 0;
    std::string path;
    OwnedFd file;
  };

  launch::Child& child_;
  const Plan& plan_;
  cgroup::Cgroup& group_;
  std::map<uint32_t, Running> running_;
  std::optional<Told> told_;  // pid 1 waits while one of its children has not executed yet, so there is at most one
  sys::Timer overdue_;
  uint32_t last_ = 0;
};

}  // namespace clawbox::supervise
