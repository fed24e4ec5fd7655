#include "launch/command.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "launch/stdio.h"
#include "launch/words.h"
#include "sys/files.h"
#include "sys/processes.h"
#include "sys/terminals.h"

namespace clawbox::launch {
namespace {

/// All that the child of vfork needs, laid out ahead.
struct Layout {
  std::array<int, 3> ends{-1, -1, -1};
  int terminal = -1;  // the slave
  int hold = -1;
  Role role{};
  const char* directory = nullptr;
  Packet program;
  int program_file = -1;
};

/// What only the child could find out, written by it in our memory.
struct Finding {
  volatile int error = 0;
  enum class Step { kHold, kDescriptors, kDirectory, kExec } volatile step = Step::kHold;
};

std::vector<std::string> variables_of(const Command& command) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment) variables.push_back(fmt::format("{}={}", name, value));
  return variables;
}

/// False with errno. A directory outside the root has a path that does not begin with a slash: CVE-2024-21626 teaches
/// to look at it rather than to believe it.
bool enter_directory(const char* path) {
  if (::chdir(path) < 0) return false;
  char here[4096];
  if (::getcwd(here, sizeof here) != nullptr && here[0] == '/') return true;
  errno = ENOENT;
  return false;
}

/// A process group in the foreground of pid 1's terminal, or a session of its own.
void take_place(const Layout& layout) {
  if (layout.role == Role::kOne) ::setsid();
  if (layout.role == Role::kOnly) ::setpgid(0, 0);
  if (layout.terminal < 0) return;
  if (layout.role == Role::kOne) ::ioctl(layout.terminal, TIOCSCTTY, 0);
  if (layout.role == Role::kOnly) ::tcsetpgrp(layout.terminal, ::getpid());  // SIGTTOU is blocked, see below
}

[[noreturn]] void fail(Finding& finding) {
  finding.error = errno;
  sys::exit_alone(127);
}

/// Until the launcher has done with the process what must be done before it runs. False: the launcher gave it up.
bool wait_for_release(int hold) {
  char go = 0;
  ssize_t got = 0;
  while ((got = ::read(hold, &go, 1)) < 0 && errno == EINTR) {
  }
  if (got == 0) errno = ECANCELED;
  return got == 1;
}

/// Runs on the memory of pid 1, which waits: nothing is allocated, and only what `finding` tells is left to fail.
[[noreturn]] void become_program(const sys::ExecWords& words, Layout& layout, const OwnedFd& channel,
                                 Finding& finding) noexcept {
  take_place(layout);
  layout.program.number = ::getpid();
  const std::array<int, 1> file{layout.program_file};
  send(channel, layout.program, std::span(file).first(layout.program_file >= 0 ? 1 : 0));
  if (layout.hold >= 0 && !wait_for_release(layout.hold)) fail(finding);
  finding.step = Finding::Step::kDescriptors;
  for (int number = 0; number < 3; ++number)
    if (::dup2(layout.ends[static_cast<std::size_t>(number)], number) < 0) fail(finding);
  finding.step = Finding::Step::kDirectory;
  if (!enter_directory(layout.directory)) fail(finding);
  finding.step = Finding::Step::kExec;
  sys::unblock_signals();  // what each signal does, pid 1 has settled for all
  errno = sys::exec(words);
  fail(finding);
}

Packet exec_failure(const std::string& name, int error) {
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

Packet failure_of(const Command& command, const Finding& finding) {
  const int error = finding.error;
  switch (finding.step) {
    case Finding::Step::kHold:
      return failure_packet(ExitStatus::kSetupFailed, error, "the command could not be put into a control group",
                            "its control groups were changed by somebody: end the session, and create it anew");
    case Finding::Step::kDescriptors:
      return failure_packet(ExitStatus::kSetupFailed, error, SysError(error, "connecting the descriptors").what(), "");
    case Finding::Step::kDirectory:
      return failure_packet(ExitStatus::kSetupFailed, error,
                            SysError(error, "entering the directory " + in_quotes(command.directory)).what(),
                            "--workdir names a directory that is there inside: `clawbox explain` shows the view");
    case Finding::Step::kExec:
      break;
  }
  return exec_failure(command.argv.front(), error);
}

/// Opens what is not passed, and puts it all in its place.
struct Ends {
  OwnedFd null;
  sys::TerminalPair terminal;
  std::array<int, 3> numbers{};
  int hold = -1;
};

Ends ends_of(const Message& order) {
  Ends ends;
  auto passed = order.descriptors.begin() + 1;
  for (std::size_t number = 0; number < 3; ++number) {
    switch (order.packet.ends[number]) {
      case Packet::End::kNull:
        if (!ends.null) ends.null = sys::open("/dev/null", O_RDWR);
        ends.numbers[number] = ends.null.get();
        break;
      case Packet::End::kTerminal:
        if (!ends.terminal.slave) ends.terminal = sys::open_terminal_pair();
        ends.numbers[number] = ends.terminal.slave.get();
        break;
      case Packet::End::kPassed:
        if (passed == order.descriptors.end()) throw_sys_error(EPROTO, "a descriptor of a command is missing");
        ends.numbers[number] = (passed++)->get();
        break;
    }
  }
  if (order.packet.held && passed == order.descriptors.end()) throw_sys_error(EPROTO, "a command's hold is missing");
  if (order.packet.held) ends.hold = passed->get();
  return ends;
}

/// It looks as its other side does before the command can ask.
void tell_terminal(const Message& order, const Ends& ends, const OwnedFd& channel) {
  if (!ends.terminal.master) return;
  SessionTerminal looks;
  std::memcpy(&looks, order.packet.text, sizeof looks);
  sys::set_attributes(ends.terminal.master.get(), looks.attributes);
  sys::set_size(ends.terminal.master.get(), looks.size);
  if (order.packet.role == Role::kOnly) sys::make_controlling_terminal(ends.terminal.slave);
  Packet packet;
  packet.kind = Kind::kTerminal;
  packet.command = order.packet.command;
  send(channel, packet, std::array{ends.terminal.master.get()});
}

}  // namespace

Started start_command(const Message& order, const OwnedFd& channel) {
  if (order.descriptors.empty()) throw_sys_error(EPROTO, "a command without words");
  const Command command = command_in(order.descriptors.front());
  const Ends ends = ends_of(order);
  tell_terminal(order, ends, channel);
  const sys::ExecWords words(command.argv, variables_of(command));
  const OwnedFd file(::open(words.program().c_str(), O_PATH | O_CLOEXEC));  // gone meanwhile: the exec will say so
  Layout layout{.ends = ends.numbers,
                .terminal = ends.terminal.slave.get(),
                .hold = ends.hold,
                .role = order.packet.role,
                .directory = command.directory.c_str(),
                .program = {},
                .program_file = file.get()};
  layout.program.kind = Kind::kProgram;
  layout.program.command = order.packet.command;
  words.program().copy(layout.program.text, sizeof layout.program.text - 1);
  const sys::BlockedSignals until_it_runs;  // a handler of ours must not run in the borrowed memory
  Finding finding;
  // vfork: a fork would copy page tables for nothing, which is a third of the time from here to the program.
  // NOLINTBEGIN(clang-analyzer-*): both of its warnings are about what become_program keeps to.
  const pid_t pid = ::vfork();
  if (pid == 0) become_program(words, layout, channel, finding);
  // NOLINTEND(clang-analyzer-*)
  if (pid < 0) throw_errno("forking a command: the cap on processes may be reached");
  if (finding.error == 0) return {pid, {}};
  sys::wait_for(pid);
  return {0, failure_of(command, finding)};
}

}  // namespace clawbox::launch
