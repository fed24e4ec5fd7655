// Groups below a directory that the caller can write: root's own, or one that an administrator gave away.
#pragma once

#include <string>
#include <vector>

#include "cgroup/cgroup.h"

namespace clawbox::cgroup {

/// In `plan.directory`. What sessions have left whose supervisor was killed is swept first. Throws
/// Error(kFeatureMissing) with a remedy.
Cgroup make_direct(const ControlGroup& plan, const std::string& id);

/// Lets children of `group` have these controllers. Throws Error(kFeatureMissing) with the cause.
void enable_controllers(const Group& group, const std::vector<std::string>& controllers);

}  // namespace clawbox::cgroup
