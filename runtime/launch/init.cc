#include "launch/init.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "base/error.h"
#include "base/text.h"
#include "launch/command.h"
#include "launch/protocol.h"
#include "sys/files.h"
#include "sys/loop.h"
#include "sys/processes.h"

namespace clawbox::launch {
namespace {

using namespace std::chrono_literals;

constexpr auto kLastWait = 3s;

[[noreturn]] void end_session() { sys::exit_alone(0); }

Packet exec_failure(const Command& command, int error) {
  const std::string& name = command.argv.front();
  const bool missing = error == ENOENT || error == ENOTDIR;
  const bool is_there = name.find('/') != std::string::npos && ::access(name.c_str(), F_OK) == 0;
  const auto status = missing && !is_there ? ExitStatus::kNotFound : ExitStatus::kNotExecutable;
  if (missing && is_there)
    return failure_packet(
        status, error, fmt::format("{} is there, but its interpreter or loader is not", in_quotes(name)),
        "the first line (#!) or the ELF loader names a file that the profile does not show: see `clawbox explain`");
  if (missing)
    return failure_packet(status, error, fmt::format("{}: command not found inside the sandbox", in_quotes(name)),
                          "`clawbox explain` prints the PATH and the files that the profile shows");
  return failure_packet(status, error, SysError(error, "executing " + in_quotes(name)).what(), "");
}

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

Packet exit_packet(const sys::Ending& ending) {
  const rusage usage = sys::usage_of_children();
  Packet packet;
  packet.kind = Kind::kExited;
  packet.number = ending.status;
  packet.signal = ending.signal;
  packet.cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  return packet;
}

void reap(pid_t program, const sys::SignalFd& children, const OwnedFd& channel) {
  while (const auto child = sys::reap_one()) {
    if (child->pid != program) continue;
    if (child->stop_signal != 0) {
      send(channel, Kind::kStopped, child->stop_signal);
      continue;
    }
    const Packet packet = exit_packet(child->ending);
    kill_everybody_else(children);
    send(channel, packet);
    end_session();
  }
}

void obey(pid_t program, const OwnedFd& channel) {
  const auto order = receive(channel);
  if (!order) end_session();  // the supervisor is gone, however it went
  if (order->packet.kind == Kind::kSignal) ::kill(-program, order->packet.number);
  if (order->packet.kind == Kind::kFreeze) ::kill(-1, SIGSTOP);
  if (order->packet.kind == Kind::kContinue) ::kill(-1, SIGCONT);
}

/// Pid 1 outlives no pipe of the program: whoever reads its output must see the end when the program closes it.
void let_go_of_stdio() {
  const OwnedFd null = sys::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number) ::dup2(null.get(), number);
}

}  // namespace

void serve_as_init(const Command& command, std::optional<int> terminal, const OwnedFd& channel) {
  const sys::SignalFd children({SIGCHLD});
  const Started program = start_program(command, terminal, channel);
  if (program.error != 0) {
    send(channel, exec_failure(command, program.error));
    end_session();
  }
  send(channel, Kind::kStarted);
  let_go_of_stdio();
  while (true) {
    pollfd polled[] = {{children.fd(), POLLIN, 0}, {channel.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) end_session();
    while (children.next()) {
    }
    reap(program.pid, children, channel);
    if (polled[1].revents != 0) obey(program.pid, channel);
  }
}

}  // namespace clawbox::launch
