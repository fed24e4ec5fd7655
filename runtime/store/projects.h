// A project for a session: a number on its directory whose quota is the session's caps (sys/project_quota.h).
//
// One is free while no file bears it. As root it is one of our own range, and its quota is set here. Others cannot set
// one: the administrator names projects `clawbox…` in /etc/projid (projid(5)) and limits them once, and a session takes
// one whose bytes are exactly its cap and whose files are at most that. What a session leaves for review keeps its
// project until it is applied or discarded. No protection against the caller, who can change the number of his own
// files; the session, in its user namespace, cannot.
#pragma once

#include <string>

#include "base/owned_fd.h"
#include "store/quota.h"

namespace clawbox::store {

/// Throws SysError or Error(kSetupFailed) where there is none.
void take_project(const OwnedFd& directory, Caps caps);

/// Empty where a session's directory below `place`, which may not exist yet, gets one that holds: tried by doing it,
/// with more bytes than the cap.
std::string why_no_project(const std::string& place, Caps caps);

}  // namespace clawbox::store
