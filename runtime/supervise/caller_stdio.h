// The caller's descriptors 0, 1 and 2: what each is, what the program gets instead, and what has to be pumped between.
//
// Pipes and sockets are passed as they are. A terminal is never passed: the program gets one of the session's own. A
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
  launch::Stdio ends;                  // for the program
  std::vector<Route> routes;           // files, to be pumped
  std::optional<int> terminal_input;   // 0 if the caller's stdin is a terminal
  std::optional<int> terminal_output;  // the descriptor on which the session's terminal is shown
};

CallerStdio look_at_stdio();

/// For a session whose host id is not the caller's: gives it the unnamed pipes among its descriptors, so that
/// /dev/stdin and /dev/stdout can be opened inside as they can outside. Needs CAP_CHOWN; named pipes stay as they are.
void give_pipes_to(const CallerStdio& stdio, uid_t uid, gid_t gid);

/// Makes sure that 0, 1 and 2 are open, on /dev/null where the caller closed them: the first act of main().
void open_missing_stdio();

}  // namespace clawbox::supervise
