// The client of one command in a session: the caller's descriptors go to it, its events come back.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/json.h"
#include "plan/plan.h"
#include "session/sessions.h"

namespace clawbox::session {

struct ExecWish {
  Command command;  // its directory: empty (the session's), or relative to that; variables are added to the session's
  Json labels = Json::object();
  std::optional<std::chrono::milliseconds> time;
  enum class Terminal { kOwn, kNone } terminal = Terminal::kNone;
  enum class Input { kPassed, kNone } input = Input::kPassed;
  bool detached = false;
};

struct ExecEnd {
  int exit_status = 0;
  uint32_t command = 0;
  std::string detail, remedy;  // why it could not be executed, or what was lost
};

/// `connection`: to a living session. Returns when the command has ended and its output has been passed on; a detached
/// one when it was executed. `notice` tells a person. A session that ends before its command does is such an end, with
/// status 137. Throws what the session refuses, and Error(kSessionBusy) where it ends before it takes the command.
ExecEnd execute(OwnedFd connection, const ExecWish& wish, const std::function<void(const std::string&)>& notice);

}  // namespace clawbox::session
