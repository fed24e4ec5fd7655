// Why user namespaces do not work here: settings and surroundings, looked at only after the doing has failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "session/probes_child.h"

namespace clawbox::session {

/// A failed attempt with its likely cause named and the command that mends it; one that works is left as it is.
Attempt with_cause(Attempt attempt);

/// The same for what needs a new proc, which is refused in a container although mounts work.
Attempt with_cause_of_proc(Attempt attempt);

/// The same for a child that could not be made: `error` is what clone3 answered.
Attempt with_cause_of_clone(Attempt attempt, int error);

/// Mount points below /proc that hide something of it, as mountinfo (proc(5)) names them: where there are any, the
/// kernel refuses a new proc in a user namespace.
std::vector<std::string> covers_of_proc(std::string_view mountinfo);

/// The whole of a small file of the kernel; empty where it cannot be read.
std::string content_of(const std::string& path);

}  // namespace clawbox::session
