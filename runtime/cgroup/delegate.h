// Groups below a scope that systemd makes for us and gives away: systemd's CGROUP_DELEGATION document.
#pragma once

#include <string>

#include "cgroup/cgroup.h"

namespace clawbox::cgroup {

/// Moves this process into a new scope of the manager that listens at `plan.directory`, its socket, and makes the
/// session's groups there. systemd removes the scope when its last process has ended. Throws Error(kFeatureMissing)
/// with a remedy.
Cgroup make_delegated(const ControlGroup& plan, const std::string& id);

}  // namespace clawbox::cgroup
