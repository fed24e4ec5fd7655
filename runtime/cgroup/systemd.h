// What we ask of a systemd manager: org.freedesktop.systemd1(5).
#pragma once

#include <string>

namespace clawbox::cgroup {

/// Moves this process into a new transient scope whose control group is ours to divide. `socket` is the manager's own,
/// without a message bus between. libsystemd is loaded here and not before: linking it would cost each start more than
/// a millisecond. Throws Error(kFeatureMissing) where it is not installed or the manager refuses.
void enter_scope(const std::string& socket, const std::string& unit);

}  // namespace clawbox::cgroup
