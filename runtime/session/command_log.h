// Reading what a detached command printed, from its two files that take turns (log_file.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "session/kept_session.h"

namespace clawbox::session {

/// Numbers of the session's commands that have a log, in order.
std::vector<uint32_t> logged_commands(const KeptSession& session);

class CommandLog {
 public:
  CommandLog(const KeptSession& session, uint32_t command);
  /// The next piece, from the oldest byte that is kept; empty where there is no more yet.
  std::string next();

 private:
  OwnedFd logs_;
  std::string name_;
  OwnedFd before_, file_;
};

}  // namespace clawbox::session
