// Handles of processes and descriptors, and tracing.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "session/probes.h"
#include "session/probes_causes.h"
#include "sys/files.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

/// A child that does nothing until it is killed.
sys::Process idle_child() {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid != 0) return {clone.pid, std::move(clone.pidfd)};
  sys::die_with_parent();
  while (true) ::pause();
}

std::string yama_text() {
  const std::string scope = content_of("/proc/sys/kernel/yama/ptrace_scope");
  if (scope.empty()) return "no Yama";
  return fmt::format("Yama's ptrace_scope is {}", scope.substr(0, scope.find('\n')));
}

}  // namespace

Attempt try_pidfd(const plan::Host&) {
  return in_child([] {
    sys::Process child = idle_child();
    if (child.ended()) throw_sys_error(EPROTO, "watching a process by its pidfd");
    child.kill();
    if (child.wait().signal != SIGKILL) throw_sys_error(EPROTO, "killing a process by its pidfd");
    return "watched, killed and reaped by descriptor";
  });
}

Attempt try_close_range(const plan::Host&) {
  return in_child([] {
    constexpr int kFar = 200;
    if (::dup2(STDIN_FILENO, kFar) < 0) throw_errno("duplicating a descriptor");
    sys::close_from(kFar);
    if (::fcntl(kFar, F_GETFD) >= 0) throw_sys_error(EPROTO, "closing descriptors by close_range");
    return "closes what the program must not inherit";
  });
}

Attempt try_openat2(const plan::Host&) {
  return in_child([]() -> std::string {
    try {
      sys::open_resolved("/proc/self", O_PATH, sys::Resolve::kNoSymlinks);
    } catch (const SysError& error) {
      if (error.code() == ELOOP) return "refuses symbolic links in a path";
      throw;
    }
    throw_sys_error(EPROTO, "being refused a symbolic link");
  });
}

Attempt try_tracing(const plan::Host&) {
  Attempt attempt = in_child([] {
    const sys::Process child = idle_child();
    if (::ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr) < 0) throw_errno("tracing an own child");
    return fmt::format("an own child can be traced; {}", yama_text());
  });
  if (!attempt.works) attempt.found += "; " + yama_text();
  return attempt;
}

}  // namespace clawbox::session
