#include "support/own_pids.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include "support/own_mounts.h"

namespace clawbox::test {
namespace {

constexpr const char* kLastPid = "/proc/sys/kernel/ns_last_pid";

/// Ends as it does: 128+n for a signal, which is what a shell says.
[[noreturn]] void end_as(int status) { ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)); }

[[noreturn]] void wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  end_as(status);
}

bool set_last_pid(pid_t pid) {
  const std::string text = std::to_string(pid);
  const int file = ::open(kLastPid, O_WRONLY | O_CLOEXEC);
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

}  // namespace

OwnPids::OwnPids() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) throw std::runtime_error("socketpair failed");
  ours_ = OwnedFd(ends[0]);
  inits_ = OwnedFd(ends[1]);
}

bool OwnPids::possible() { return ::access(kLastPid, F_OK) == 0 && may_have_own_mounts(); }

// Three of us: who waits outside, for the test; pid 1, which has the privileges to choose numbers; and the command.
void OwnPids::enter() const {
  if (::unshare(CLONE_NEWPID) < 0) ::_exit(122);
  if (const pid_t init = ::fork(); init != 0) wait_for(init);
  mount_here("none", "/proc", "proc", 0, nullptr);
  if (const pid_t command = ::fork(); command != 0) serve_as_init(command);
}

void OwnPids::serve_as_init(pid_t command) const {
  const OwnedFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, command, 0)));
  ::close(ours_.get());
  for (int number = 0; number < 3; ++number) ::close(number);
  std::array<pollfd, 2> polled{{{pidfd.get(), POLLIN, 0}, {inits_.get(), POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) > 0) {
    if (polled[0].revents != 0) wait_for(command);
    pid_t next = 0;
    if (::read(inits_.get(), &next, sizeof next) != sizeof next) ::_exit(1);  // the test is gone
    const bool done = set_last_pid(next - 1);
    if (::write(inits_.get(), &done, sizeof done) != sizeof done) ::_exit(1);
  }
  ::_exit(1);
}

void OwnPids::choose_next(pid_t pid) const {
  bool done = false;
  if (::write(ours_.get(), &pid, sizeof pid) != sizeof pid || ::read(ours_.get(), &done, sizeof done) != sizeof done ||
      !done)
    throw std::runtime_error(std::string(kLastPid) + " cannot be written");
}

}  // namespace clawbox::test
