// The caller's descriptors 0, 1 and 2: what each is, what a command gets instead, and what has to be pumped between.
//
// Pipes and local stream sockets are passed as they are; any other socket could be given another peer inside, past the
// session's network, and is pumped. A terminal is never passed: the command gets one of the session's own. A
// file is never passed either, since /proc/self/fd/N would let the sandbox open it anew with more rights (FD03): it is
// pumped.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/owned_fd.h"
#include "launch/stdio.h"

namespace clawbox::supervise {

struct Route {
  OwnedFd from, to;
  enum class Direction { kToProgram, kFromProgram } direction = Direction::kToProgram;
};

struct CallerStdio {
  launch::Stdio ends;                  // for the command
  std::vector<Route> routes;           // files, to be pumped
  std::optional<int> terminal_input;   // 0 if the caller's stdin is a terminal
  std::optional<int> terminal_output;  // the descriptor on which the session's terminal is shown
  // Of a terminal that the caller does not have on either side: what is typed comes from here, what is shown goes
  // there.
  OwnedFd typed, shown;
};

CallerStdio look_at_stdio();

/// The command reads nothing; it has no terminal, and what it prints there goes through a pipe.
void leave_out_input(CallerStdio& stdio);
void leave_out_terminal(CallerStdio& stdio);
/// The command has a terminal, also where the caller has none: what it prints there goes to his descriptor 1.
void give_terminal(CallerStdio& stdio);

/// For a session whose host id is not the caller's: gives it the unnamed pipes among its descriptors, so that
/// /dev/stdin and /dev/stdout can be opened inside as they can outside. Needs CAP_CHOWN; named pipes stay as they are.
void give_pipes_to(const CallerStdio& stdio, uid_t uid, gid_t gid);

/// Makes sure that 0, 1 and 2 are open, on /dev/null where the caller closed them: the first act of main().
void open_missing_stdio();

}  // namespace clawbox::supervise
