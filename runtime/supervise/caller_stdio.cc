#include "supervise/caller_stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/files.h"
#include "sys/terminals.h"

namespace clawbox::supervise {
namespace {

enum class What { kPipe, kTerminal, kNull, kOther };

What what_is(int number) {
  struct stat status {};
  if (::fstat(number, &status) < 0) return What::kNull;
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) return What::kPipe;
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return What::kNull;
  if (sys::is_terminal(number)) return What::kTerminal;
  return What::kOther;
}

void route_file(int number, CallerStdio& stdio) {
  sys::Pipe pipe = sys::make_pipe();
  launch::PipeEnd end;
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
  stdio.ends[static_cast<std::size_t>(number)] = launch::SessionTerminal{};
  if (number == 0) stdio.terminal_input = 0;
  if (number != 0 && !stdio.terminal_output) stdio.terminal_output = number;
}

}  // namespace

CallerStdio look_at_stdio() {
  CallerStdio stdio;
  for (int number = 0; number < 3; ++number) {
    switch (what_is(number)) {
      case What::kPipe:
        stdio.ends[static_cast<std::size_t>(number)] = launch::InheritedFd{};
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
  return stdio;
}

void give_pipes_to(const CallerStdio& stdio, uid_t uid, gid_t gid) {
  for (int number = 0; number < 3; ++number) {
    const launch::StdioEnd& end = stdio.ends[static_cast<std::size_t>(number)];
    const auto* pipe = std::get_if<launch::PipeEnd>(&end);
    if (pipe != nullptr) sys::change_pipe_owner(pipe->fd.get(), uid, gid);
    if (std::holds_alternative<launch::InheritedFd>(end)) sys::change_pipe_owner(number, uid, gid);
  }
}

void open_missing_stdio() {
  for (int number = 0; number < 3; ++number)
    if (::fcntl(number, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) throw_errno("opening /dev/null");
}

}  // namespace clawbox::supervise
