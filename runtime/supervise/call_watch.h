// The supervisor's end of the seccomp listener: each call that the filter tells of is recorded, then answered.
//
// The filter decides nothing that is asked here: what it allows goes on (execve, noted calls), what the profile refuses
// is refused by us with the profile's errno. When the supervisor is gone every such call answers ENOSYS, so that
// nothing starts unrecorded. seccomp_unotify(2), Linux 5.5; arguments behind pointers are claims.
#pragma once

#include <map>
#include <optional>

#include "base/owned_fd.h"
#include "plan/plan.h"
#include "seccomp/expand.h"
#include "supervise/exec_log.h"
#include "supervise/token_buckets.h"
#include "sys/file_finder.h"
#include "sys/loop.h"
#include "sys/memory_reader.h"

namespace clawbox::supervise {

/// What the watch needs from outside.
struct ListenerGift {
  OwnedFd listener;
  OwnedFd digests;              // directory of the cache of programs' digests, or empty
  bool storage_answers = true;  // the file system that keeps what is written over the workspace; file_systems.h
  std::function<std::optional<ExecLog::Program>(std::optional<pid_t>)> program;
};

class CallWatch {
 public:
  /// `init`: pid 1 of the session, as we see it. `write` throws where what cannot be recorded must not happen.
  CallWatch(sys::Loop& loop, const Plan& plan, ListenerGift gift, pid_t init, ExecLog::Write write);
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  /// Every process of the session has ended.
  void finish();

  /// As ExecLog.
  uint64_t exec_of(pid_t process) { return execs_.exec_of(process); }
  uint64_t execs() const { return execs_.execs(); }
  void go_on_after(uint64_t execs) { execs_.go_on_after(execs); }
  uint64_t refusals() const { return refusals_; }
  uint64_t folded() const { return folded_; }

 private:
  void take_call();
  void answer_exec(const sys::TrappedCall& call);
  void answer_other(const sys::TrappedCall& call);
  const seccomp::Clause& clause_for(const sys::TrappedCall& call);
  void record(const sys::TrappedCall& call, const seccomp::Clause& clause);
  void count(uint64_t exec, int number);
  void write_totals();
  void expect_folded();
  void tell_folded();
  void write_folded(const std::vector<TokenBuckets::Folded>& folded);

  sys::Loop& loop_;
  const Plan& plan_;
  OwnedFd listener_;
  ExecLog::Write write_;
  std::function<bool()> nobody_waits_;  // for a file system of the session
  sys::MemoryReader memory_;
  sys::FileFinder files_;
  ExecLog execs_;
  std::optional<seccomp::Expansion> policy_;  // opened when the first call needs it: it costs milliseconds
  TokenBuckets buckets_;
  sys::Timer tell_;
  bool telling_ = false;
  std::map<uint64_t, std::map<int, uint64_t>> totals_;  // by exec and call; level = "syscall"
  uint64_t refusals_ = 0, folded_ = 0;
};

}  // namespace clawbox::supervise
