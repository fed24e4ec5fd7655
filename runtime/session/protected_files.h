// What a session did to the files of its workspace that make the host run code later (`files.protect`).
#pragma once

#include <vector>

#include "plan/plan.h"
#include "plan/protect.h"
#include "supervise/outcome.h"

namespace clawbox::session {

/// Before the program runs. Only a writable workspace can change.
plan::ProtectedState protected_state(const Plan& plan);

/// After it has ended. That they could not all be looked at is a change too: it must not be silent. A file system that
/// has fallen silent since, somewhere below the workspace, holds a helper and not us: no answer within ten seconds is
/// such a change.
std::vector<Outcome::Change> changes_since(const plan::ProtectedState& before, const Plan& plan);

}  // namespace clawbox::session
