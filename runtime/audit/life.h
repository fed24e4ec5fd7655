// Whether a session still writes its trail: by the lock that its writer holds, never by pids.
#pragma once

#include <string>

#include "audit/reader_sessions.h"
#include "base/owned_fd.h"

namespace clawbox::audit {

/// Also while it rotates. A file that cannot be looked at counts as locked.
bool lives(const OwnedFd& directory, const SessionFiles& session);

/// The file, locked by us; nothing where it is gone, held by somebody else, or no regular file.
std::optional<OwnedFd> lock_if_dead(const OwnedFd& directory, const std::string& name);

}  // namespace clawbox::audit
