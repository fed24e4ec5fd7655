#include "launch/command.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "launch/protocol.h"
#include "sys/files.h"
#include "sys/processes.h"
#include "sys/terminals.h"

namespace clawbox::launch {
namespace {

void put_on(int from, int number) {
  if (from == number) return;
  if (::dup2(from, number) < 0) throw_errno("connecting descriptor {}", number);
}

std::vector<std::string> variables_of(const Command& command) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(fmt::format("{}={}", name, value));
  return variables;
}

/// Runs on the memory of pid 1, which waits: nothing is allocated, and only the exec is left to fail.
[[noreturn]] void become_program(const sys::ExecWords& words, std::optional<int> terminal, volatile int& error) {
  ::setpgid(0, 0);
  if (terminal) ::tcsetpgrp(*terminal, ::getpid());  // SIGTTOU is blocked, see below
  sys::reset_signals();
  // SIGXFSZ: a file at its cap is EFBIG to the writer, not its death.
  error = ::signal(SIGXFSZ, SIG_IGN) == SIG_ERR ? errno : sys::exec(words);
  sys::exit_alone(127);
}

}  // namespace

Connected connect_stdio(Stdio stdio) {
  Connected result;
  OwnedFd slave;
  for (int number = 0; number < 3; ++number) {
    const StdioEnd& end = stdio[static_cast<std::size_t>(number)];
    if (const PipeEnd* pipe = std::get_if<PipeEnd>(&end)) put_on(pipe->fd.get(), number);
    if (std::holds_alternative<NullDevice>(end)) put_on(sys::open("/dev/null", O_RDWR).get(), number);
    if (!std::holds_alternative<SessionTerminal>(end)) continue;
    if (!slave) {
      sys::TerminalPair pair = sys::open_terminal_pair();
      sys::make_controlling_terminal(pair.slave);
      result.master = std::move(pair.master);
      slave = std::move(pair.slave);
    }
    put_on(slave.get(), number);
    result.terminal = number;
  }
  return result;
}

Started start_program(const Command& command, std::optional<int> terminal, const OwnedFd& channel) {
  const sys::ExecWords words(command.argv, variables_of(command));
  send_program(channel, words.program());
  const sys::BlockedSignals until_it_runs;  // a handler of ours must not run in the borrowed memory
  volatile int error = 0;                   // written by the child, in our memory
  // vfork: a fork would copy page tables for nothing, which is a third of the time from here to the program.
  // NOLINTBEGIN(clang-analyzer-*): both of its warnings are about what become_program keeps to.
  const pid_t pid = ::vfork();
  if (pid == 0) become_program(words, terminal, error);
  // NOLINTEND(clang-analyzer-*)
  if (pid < 0) throw_errno("vfork");
  return {pid, error};
}

}  // namespace clawbox::launch
