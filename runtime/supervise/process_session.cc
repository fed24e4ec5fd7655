#include "supervise/process_session.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "supervise/usage.h"
#include "sys/process_facts.h"

namespace clawbox::supervise {
namespace {

bool belongs(pid_t pid, pid_t leader) {
  const auto stat = sys::stat_of(pid);
  return stat && stat->session == leader;
}

}  // namespace

pid_t host_pid(pid_t init, pid_t inside) {
  for (const pid_t pid : sys::children_of(init)) {
    const auto status = sys::status_of(pid);
    if (status && status->parent == init && status->tgids.size() > 1 && status->tgids[1] == inside) return pid;
  }
  return 0;
}

/// The second look is at the process that the descriptor holds: the number may have been given away between.
void signal_session(pid_t init, pid_t leader, int signal) {
  for (const pid_t pid : tree_of(init)) {
    if (pid == init || !belongs(pid, leader)) continue;
    const auto pidfd = sys::pidfd_of(pid);
    if (pidfd && belongs(pid, leader)) ::syscall(SYS_pidfd_send_signal, pidfd->get(), signal, nullptr, 0);
  }
}

/// It has pid 1's name until it has another program's, and pid 1 waits like for a disk meanwhile: vfork(2). The second
/// look is at the process that the descriptor holds.
void end_stopped_child(pid_t init) {
  const auto waiting = sys::stat_of(init);
  if (!waiting || waiting->state != 'D') return;
  const auto is_stopped = [&](pid_t pid) {
    const auto stat = sys::stat_of(pid);
    return stat && stat->parent == init && (stat->state == 'T' || stat->state == 't') && stat->name == waiting->name;
  };
  for (const pid_t pid : sys::children_of(init)) {
    if (!is_stopped(pid)) continue;
    const auto pidfd = sys::pidfd_of(pid);
    if (pidfd && is_stopped(pid)) ::syscall(SYS_pidfd_send_signal, pidfd->get(), SIGKILL, nullptr, 0);
  }
}

}  // namespace clawbox::supervise
