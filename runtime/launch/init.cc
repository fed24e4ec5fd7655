#include "launch/init.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <vector>

#include "base/error.h"
#include "launch/command.h"
#include "launch/file_operation.h"
#include "launch/protocol.h"
#include "sys/loop.h"
#include "sys/processes.h"

namespace clawbox::launch {
namespace {

using namespace std::chrono_literals;

constexpr auto kLastWait = 3s;

[[noreturn]] void end_session() { sys::exit_alone(0); }

uint64_t microseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

/// Before the end is told: what the launcher looks at afterwards, nobody inside can change any more. A process that
/// waits for a file system dies when the kernel lets it, which may be never, but makes no further call: the end is not
/// held up by it.
void kill_everybody_else(const sys::SignalFd& children) {
  ::kill(-1, SIGKILL);
  const auto until = std::chrono::steady_clock::now() + kLastWait;
  pid_t ended = 0;
  while ((ended = ::waitpid(-1, nullptr, WNOHANG)) >= 0) {  // until ECHILD: nobody is left
    if (ended > 0) continue;
    pollfd one{children.fd(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= 0ms || ::poll(&one, 1, static_cast<int>(left.count())) == 0) return;
    while (children.next()) {
    }
  }
}

class Init {
 public:
  explicit Init(const OwnedFd& channel) : channel_(channel), children_({SIGCHLD}) {}

  [[noreturn]] void serve();

 private:
  struct Running {
    pid_t pid = 0;
    uint32_t command = 0;
    Role role{};
  };
  void obey();
  void execute(const Message& order);
  void reap();
  void note_end(const Running& running, const sys::Reaped& child);

  const OwnedFd& channel_;
  sys::SignalFd children_;
  std::vector<Running> running_;
};

void Init::serve() {
  while (true) {
    pollfd polled[] = {{children_.fd(), POLLIN, 0}, {channel_.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) end_session();
    while (children_.next()) {
    }
    reap();
    if (polled[1].revents != 0) obey();
  }
}

void Init::obey() {
  const auto order = receive(channel_);
  if (!order) end_session();  // the supervisor is gone, however it went
  switch (order->packet.kind) {
    case Kind::kExec:
    case Kind::kFiles:
      return execute(*order);
    case Kind::kSignal:
      if (order->packet.command == 0) ::kill(-1, order->packet.number);
      for (const Running& one : running_)
        if (one.command == order->packet.command) ::kill(-one.pid, order->packet.number);
      return;
    case Kind::kFreeze:
      ::kill(-1, SIGSTOP);
      return;
    case Kind::kContinue:
      ::kill(-1, SIGCONT);
      return;
    default:
      return;
  }
}

/// What keeps one command from starting is told, and keeps no other one.
void Init::execute(const Message& order) {
  Started started;
  try {
    started = order.packet.kind == Kind::kFiles ? start_file_operation(order) : start_command(order, channel_);
  } catch (const SysError& error) {
    started.failure = failure_packet(ExitStatus::kSetupFailed, error.code(), error.what(), "");
  }
  const uint32_t command = order.packet.command;
  if (started) {
    running_.push_back({started.pid, command, order.packet.role});
    send(channel_, Kind::kStarted, command, started.pid);
    return;
  }
  started.failure.command = command;
  send(channel_, started.failure);
  if (order.packet.role == Role::kOnly) end_session();
}

void Init::reap() {
  while (const auto child = sys::reap_one()) {
    const auto found =
        std::find_if(running_.begin(), running_.end(), [&](const Running& one) { return one.pid == child->pid; });
    if (found == running_.end()) continue;
    if (child->stop_signal != 0) {
      send(channel_, Kind::kStopped, found->command, child->stop_signal);
      continue;
    }
    const Running ended = *found;
    running_.erase(found);
    note_end(ended, *child);
  }
}

void Init::note_end(const Running& running, const sys::Reaped& child) {
  const bool ends_all = running.role == Role::kOnly;
  if (ends_all) kill_everybody_else(children_);
  const rusage usage = ends_all ? sys::usage_of_children() : child.usage;
  Packet packet;
  packet.kind = Kind::kExited;
  packet.command = running.command;
  packet.number = child.ending.status;
  packet.signal = child.ending.signal;
  packet.cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  send(channel_, packet);
  if (ends_all) end_session();
}

}  // namespace

/// What signals do, each command has from here, rather than by 64 calls of its own. SIGXFSZ: a file at its cap is EFBIG
/// to the writer, not its death.
void serve_as_init(const OwnedFd& channel) {
  sys::reset_signals();
  if (::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) throw_errno("ignoring SIGXFSZ");
  Init(channel).serve();
}

}  // namespace clawbox::launch
