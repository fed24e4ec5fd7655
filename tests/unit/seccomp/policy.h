// Policies that the tests share, and a child in which something irreversible may happen.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "plan/plan.h"
#include "seccomp/evaluate.h"

namespace clawbox::test {

inline SyscallRule allowed(const std::string& call, std::vector<ArgumentTest> tests = {}) {
  return {call, std::move(tests), 0, "", {"base.toml", 68}};
}
inline SyscallRule refused(const std::string& call, int error = EPERM, std::vector<ArgumentTest> tests = {}) {
  return {call, std::move(tests), error, "", {"base.toml", 69}};
}
/// What the built-in profile `base` says.
inline SyscallPolicy base_policy() { return {{allowed("@default")}, {refused("@refused")}}; }

/// `act` in a forked child with no_new_privs; what it returns, or 128+n where signal n ended it, 99 where it threw.
template <class Act>
int in_child(Act act) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    int status = 99;
    try {
      if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) status = act();
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// errno of the raw call, 0 where it succeeds.
template <class... Args>
int errno_of(long number, Args... args) {
  return ::syscall(number, args...) < 0 ? errno : 0;
}

}  // namespace clawbox::test
