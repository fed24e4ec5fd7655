#include "supervise/caller_stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/files.h"
#include "sys/sockets.h"
#include "sys/terminals.h"

namespace clawbox::supervise {
namespace {

enum class What { kPipe, kTerminal, kNull, kOther };

What what_is(int number) {
  struct stat status {};
  if (::fstat(number, &status) < 0) return What::kNull;
  if (S_ISFIFO(status.st_mode) || sys::is_local_stream(number)) return What::kPipe;
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return What::kNull;
  if (sys::is_terminal(number)) return What::kTerminal;
  return What::kOther;
}

void route_file(int number, CallerStdio& stdio) {
  sys::Pipe pipe = sys::make_pipe();
  launch::PassedFd end;
  Route route;
  if (number == 0) {
    route = {sys::duplicate(0), std::move(pipe.write_end), Route::Direction::kToProgram};
    sys::set_nonblocking(route.to.get());
    end.fd = std::move(pipe.read_end);
  } else {
    route = {std::move(pipe.read_end), sys::duplicate(number), Route::Direction::kFromProgram};
    end.fd = std::move(pipe.write_end);
  }
  stdio.routes.push_back(std::move(route));
  stdio.ends[static_cast<std::size_t>(number)] = std::move(end);
}

void route_terminal(int number, CallerStdio& stdio) {
  stdio.ends[static_cast<std::size_t>(number)] =
      launch::SessionTerminal{sys::attributes_of(number), sys::size_of(number)};
  if (number == 0) stdio.terminal_input = 0;
  if (number != 0 && !stdio.terminal_output) stdio.terminal_output = number;
}

}  // namespace

CallerStdio look_at_stdio() {
  CallerStdio stdio;
  for (int number = 0; number < 3; ++number) {
    switch (what_is(number)) {
      case What::kPipe:
        stdio.ends[static_cast<std::size_t>(number)] = launch::PassedFd{sys::duplicate(number)};
        break;
      case What::kNull:
        stdio.ends[static_cast<std::size_t>(number)] = launch::NullDevice{};
        break;
      case What::kTerminal:
        route_terminal(number, stdio);
        break;
      case What::kOther:
        route_file(number, stdio);
        break;
    }
  }
  // The caller's terminal stays cooked, and does it, while nobody types into it for us.
  for (launch::StdioEnd& end : stdio.ends)
    if (auto* terminal = std::get_if<launch::SessionTerminal>(&end); terminal != nullptr && !stdio.terminal_input)
      terminal->attributes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  return stdio;
}

void leave_out_input(CallerStdio& stdio) {
  stdio.ends[0] = launch::NullDevice{};
  stdio.terminal_input.reset();
  std::erase_if(stdio.routes, [](const Route& route) { return route.direction == Route::Direction::kToProgram; });
}

void leave_out_terminal(CallerStdio& stdio) {
  for (int number = 0; number < 3; ++number)
    if (std::holds_alternative<launch::SessionTerminal>(stdio.ends[static_cast<std::size_t>(number)]))
      route_file(number, stdio);
  stdio.terminal_input.reset();
  stdio.terminal_output.reset();
}

void give_terminal(CallerStdio& stdio) {
  launch::SessionTerminal terminal;
  if (stdio.terminal_input || stdio.terminal_output) {
    const int caller = stdio.terminal_input.value_or(stdio.terminal_output.value_or(0));
    terminal = {sys::attributes_of(caller), sys::size_of(caller)};
  } else {
    terminal = {sys::usual_attributes(), {24, 80, 0, 0}};
  }
  const bool reads = !std::holds_alternative<launch::NullDevice>(stdio.ends[0]);
  if (reads && !stdio.terminal_input) stdio.typed = sys::duplicate(0);
  if (!stdio.terminal_output && stdio.terminal_input) stdio.terminal_output = 1;  // whatever it is
  if (!stdio.terminal_output) stdio.shown = sys::duplicate(1);
  stdio.routes.clear();
  stdio.ends = {terminal, terminal, terminal};
}

void give_pipes_to(const CallerStdio& stdio, uid_t uid, gid_t gid) {
  for (const launch::StdioEnd& end : stdio.ends)
    if (const auto* passed = std::get_if<launch::PassedFd>(&end)) sys::change_pipe_owner(passed->fd.get(), uid, gid);
}

void open_missing_stdio() {
  for (int number = 0; number < 3; ++number)
    if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) throw_errno("opening /dev/null");
}

}  // namespace clawbox::supervise
