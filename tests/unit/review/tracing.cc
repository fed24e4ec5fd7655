#include "tracing.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "base/error.h"

namespace clawbox::test {
namespace {

bool changes_something(uint64_t call) {
  static const std::set<uint64_t> kCalls = {
      SYS_renameat,        SYS_renameat2, SYS_unlinkat,  SYS_mkdirat,  SYS_symlinkat, SYS_linkat,
      SYS_mknodat,         SYS_fchmod,    SYS_fchmodat,  SYS_fchownat, SYS_write,     SYS_ftruncate,
      SYS_copy_file_range, SYS_fsync,     SYS_fsetxattr, SYS_syncfs,   SYS_utimensat, SYS_fremovexattr,
#ifdef SYS_chmod
      SYS_chmod,           SYS_rename,    SYS_unlink,    SYS_rmdir,
#endif
  };
  return kCalls.contains(call);
}

uint64_t call_at(pid_t child) {
  __ptrace_syscall_info info{};
  ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), child, sizeof info, &info);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? info.entry.nr : ~uint64_t{0};
}

using AtCall = std::function<Then(uint64_t call)>;

int traced_calls(const std::function<void()>& work, const AtCall& at_call) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    try {
      work();
    } catch (const clawbox::Error&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  while (true) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return -1;
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    if (at_call(call_at(child)) == Then::kKill) ::kill(child, SIGKILL);
  }
}

}  // namespace

int traced(const std::function<void()>& work, const AtStep& at_step) {
  int steps = 0;
  return traced_calls(work,
                      [&](uint64_t call) { return changes_something(call) ? at_step(++steps, call) : Then::kGo; });
}

int opens_of(const std::function<void()>& work) {
  int opens = 0;
  traced_calls(work, [&](uint64_t call) {
    opens += call == SYS_openat || call == SYS_openat2 ? 1 : 0;
    return Then::kGo;
  });
  return opens;
}

}  // namespace clawbox::test
