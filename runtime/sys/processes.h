// Processes: clone3(2), pidfds, waiting, the small prctl(2) settings. One function per call.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// How a process ended.
struct Ending {
  int status = 0;  // as exit(3) got it; meaningless after a signal
  int signal = 0;  // 0: it exited by itself
};

/// A child by its pidfd: killed and reaped when it leaves scope, unless it was reaped or released before.
class Process {
 public:
  Process() = default;
  Process(pid_t pid, OwnedFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  const OwnedFd& pidfd() const { return pidfd_; }
  bool ended() const;  // without waiting, and without reaping
  bool ended_within(std::chrono::milliseconds time) const;
  Ending wait();                // reaps
  bool kill();                  // SIGKILL; false if it may live on
  void release() { pid_ = 0; }  // lives on; not reaped here

 private:
  pid_t pid_ = 0;
  OwnedFd pidfd_;
};

/// exit(2) rather than exit_group(2), which a supervisor may be asked about: for processes of one thread.
[[noreturn]] void exit_alone(int status);

/// clone3(2) without CLONE_VM: like fork, into new namespaces, and where one is given into that control group of
/// version 2 (CLONE_INTO_CGROUP, Linux 5.7). pid 0: this is the child. After it glibc's cached thread id is stale: the
/// child calls no pthread function.
struct Clone {
  pid_t pid = 0;
  OwnedFd pidfd;
};
Clone clone_into(uint64_t namespaces, const OwnedFd& cgroup = {});
pid_t fork();
Ending wait_for(pid_t child);  // waits and reaps

void unshare(int namespaces);
void die_with_parent();  // PR_SET_PDEATHSIG: forgotten at fork and when ids change
enum class Dumpable { kNo = 0, kYes = 1 };
void set_dumpable(Dumpable dumpable);  // PR_SET_DUMPABLE: who may trace us, and whose our files in /proc are
/// Name and command line as ps(1) shows them. The words that this program was called with (--env may hold secrets) are
/// gone.
void rename_process(const char* name);
void new_session();
void set_hostname(const std::string& name);
void become(uid_t uid, gid_t gid);  // real, effective and saved
void drop_groups();
void set_limit(int resource, uint64_t soft_and_hard);
void close_from(int first);  // close_range(2), Linux 5.9
void reset_signals();        // every disposition to its default, nothing blocked
void unblock_signals();

/// What execve wants, laid out ahead, so that a child of vfork need not allocate. The PATH of `environment` is searched
/// here and once, not by trying to execute: each try would be a call that a supervisor is asked about. Points into
/// itself.
class ExecWords {
 public:
  ExecWords(std::vector<std::string> argv, std::vector<std::string> environment);
  ExecWords(const ExecWords&) = delete;
  ExecWords& operator=(const ExecWords&) = delete;

  const std::string& program() const { return program_; }  // the file; empty if none was found

 private:
  friend int exec(const ExecWords& words);
  std::vector<std::string> argv_, environment_;
  std::string program_;
  int error_ = 0;  // why no program was found
  std::vector<char*> arguments_, script_arguments_, variables_;
};
int exec(
    const ExecWords& words);  // only returns to tell errno; a text without #! is given to /bin/sh, as execvp(3) does

/// Every signal is blocked while it lives.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

/// Any child that has ended, reaped; nothing if none has. WUNTRACED: a stopped one is told with `stopped`.
struct Reaped {
  pid_t pid = 0;
  Ending ending;
  int stop_signal = 0;  // not 0: stopped, not ended
  rusage usage{};       // of it and of what it has reaped
};
std::optional<Reaped> reap_one();
rusage usage_of_children();

}  // namespace clawbox::sys
