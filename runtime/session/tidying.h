// Old audit trails: compressed and deleted after a session has ended, while nobody waits.
#pragma once

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::session {

/// At most once an hour for all sessions of the directory, in a process of its own with the lowest priority, which
/// outlives this one. Nothing is lost where that cannot be: the next session tries again.
void tidy_in_background(const OwnedFd& trails, const Audit& audit) noexcept;

}  // namespace clawbox::session
