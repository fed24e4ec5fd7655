// Every program that a session starts, from the question to the outcome: the events exec, exec.end, exec.mismatch of
// clawbox-audit(5).
//
// The record of an exec is written before the kernel goes on with it. Whether it succeeded shows at the next event of
// the same process, at the next look (`settle_due`), or at its end, by its identity (sys/process_facts.h). What it does
// not tell: what a program maps or reads as data afterwards, and what a process does that never executes anything.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/owned_fd.h"
#include "plan/plan.h"
#include "supervise/doubts.h"
#include "supervise/exec_claim.h"
#include "supervise/programs.h"
#include "sys/loop.h"
#include "sys/memory_reader.h"
#include "sys/process_facts.h"
#include "sys/seccomp_listener.h"

namespace clawbox::supervise {

class ExecLog {
 public:
  using Write = std::function<void(const std::string& event, const Json& fields)>;
  enum class Answer {
    kGoOn,
    kAbsent,  // ENOENT: there is no such program
    kFault,   // EFAULT: what was claimed cannot be read
  };

  /// What pid 1 told of a command of the session before it asked for it.
  struct Program {
    uint32_t command = 0;
    ExecClaim claim;
    OwnedFd file;  // or empty: it could not be opened
  };
  struct Session {
    pid_t init = 0;  // pid 1, as we see it
    // Of the process with this number inside, if pid 1 has told of one; of any where its number is not known.
    std::function<std::optional<Program>(std::optional<pid_t> inside)> program;
    EnvironmentNames names = EnvironmentNames::kLeftOut;
    std::vector<IdRange> uids;  // host to inside
    // With nested user namespaces a program may have another root directory than its parent.
    enum class Roots { kOne, kMany } roots = Roots::kOne;
    // kServed: programs may lie in an overlay workspace, of whose files the kernel remembers what was.
    enum class Files { kPlain, kServed } files = Files::kPlain;
    OwnedFd digests;                   // directory of the cache, or empty
    std::function<void(pid_t)> ended;  // a process that had executed something is gone
  };

  ExecLog(sys::Loop& loop, sys::MemoryReader& memory, sys::FileFinder& files, Session session, Write write);
  ~ExecLog();
  ExecLog(const ExecLog&) = delete;
  ExecLog& operator=(const ExecLog&) = delete;

  /// Writes before it returns. Throws what `write` throws: then the program must not go on. `still_waits` says whether
  /// what was read until then was read of the process that asked.
  Answer asked_to_exec(const sys::TrappedCall& call, const std::function<bool()>& still_waits);
  void asked_to_exit(const sys::TrappedCall& call);
  /// The id of the exec that runs in the process of this thread, 0 if none is known.
  uint64_t exec_of(pid_t process);
  /// All processes have ended: what is open is closed.
  void finish();

  uint64_t execs() const { return last_id_; }
  /// Of a session whose sandbox was built anew: so many have their numbers already.
  void go_on_after(uint64_t execs) { last_id_ = execs; }

 private:
  using Clock = std::chrono::steady_clock;

  /// What was asked for and may or may not have happened yet.
  struct Asked {
    uint64_t id = 0;
    pid_t thread = 0;  // it says nothing more until this has failed; others of its process may
    sys::Identity before;
    std::optional<sys::FileIdentity> program_before;  // a program may write into its own identity
    ExecClaim claim;                                  // without its words
    std::optional<sys::FileStatus> file;              // where our own look-up of it led
    Clock::time_point since;
  };
  struct Running {
    uint64_t id = 0;
    Clock::time_point since;
    std::chrono::nanoseconds cpu_before{0};  // of the process, until then
    std::string observed;
  };
  /// A search through PATH: attempts that found nothing.
  struct Search {
    sys::ProcessStatus status;
    ExecClaim claim;        // cut: a crowd of searches must not fill our memory
    std::size_t words = 0;  // hash of all its words
    sys::TrappedCall call;
    unsigned tries = 0;
  };
  struct Process {
    uint64_t start_time = 0;
    pid_t parent = 0;
    uint64_t parent_exec = 0;
    std::vector<Asked> asked;  // by threads of it, in this order; at most one happens
    std::optional<Running> running;
    std::optional<Search> search;
    OwnedFd pidfd;
    bool is_over = false;            // known to have ended, and not reaped yet
    std::optional<int> exit_status;  // asked for, while an exec of another thread could still win
  };
  /// Where a claim led.
  struct Led {
    const Place& place;
    const std::optional<sys::FileStatus>& file;
    uint32_t command;  // of the session, which begins with this exec; or 0
  };
  using Entry = std::map<pid_t, Process>::iterator;

  Entry process_of(const sys::ProcessStatus& status, const sys::ProcessStat& stat);
  uint64_t exec_above(pid_t process);
  uid_t inside(uid_t host) const;
  void watch_end(pid_t pid, Process& process);
  void sweep();
  static bool is_there(pid_t pid, const Process& process);
  uint64_t write_exec(Process& process, const sys::ProcessStatus& status, const sys::TrappedCall& call,
                      const ExecClaim& claim, const Led& led);
  void settle(Entry entry, pid_t thread, const sys::ProcessStat& stat);
  void look(Entry entry);
  void became(Entry entry, pid_t thread);
  void check_observed(Asked asked, pid_t thread, const OwnedFd& exe, const std::string& observed);
  void doubt_all(const std::vector<Asked>& asked, const std::string& observed);
  std::optional<Program> program_of_command(const std::optional<sys::ProcessStatus>& status) const;
  static Place take_told(ExecClaim& claim, Program& program);
  bool has_changed(const Asked& asked, pid_t thread, const sys::ProcessStat& stat) const;
  void spare(ExecClaim& claim);
  Answer asked_by_hidden(const sys::TrappedCall& call);
  void give_up_search(Process& process);
  void end_asked(Process& process);
  void write_end(const Process& process, const Json& fields);
  void ended(pid_t pid);
  void settle_due();
  void forget(Entry entry);

  sys::Loop& loop_;
  sys::MemoryReader& memory_;
  sys::FileFinder& files_;
  Session session_;
  Write write_;
  sys::Timer look_;  // soon after each exec: a program that is killed later makes no further call
  bool looking_ = false;
  std::map<pid_t, Process> processes_;  // by thread group
  Programs programs_;
  Doubts doubts_;
  OwnedFd root_;              // where paths of the session begin
  std::size_t most_watched_;  // processes with a pidfd
  std::size_t sweep_at_;      // processes; those without a pidfd are looked for then
  uint64_t bytes_left_;       // of claims that are recorded whole
  Clock::time_point refilled_ = Clock::now();
  uint64_t last_id_ = 0;
};

/// The file that a process runs (O_PATH); empty where the kernel does not show it.
OwnedFd program_file(pid_t pid);
std::optional<sys::FileIdentity> program_of(const OwnedFd& exe);

}  // namespace clawbox::supervise
