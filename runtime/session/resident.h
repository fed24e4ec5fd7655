// A lasting session: a supervisor that stays when its caller has gone, a process of that caller and no daemon.
#pragma once

#include <string>

#include "plan/plan.h"
#include "session/directories.h"
#include "session/facts.h"

namespace clawbox::session {

/// Starts it; returns its id when commands may come. Throws what keeps it from starting, NameTaken among that; then
/// nothing of it is left.
std::string create(const Directories& directories, const Plan& plan, const Wish& wish);

}  // namespace clawbox::session
