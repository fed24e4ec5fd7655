// Where this process's control group is, and whether groups can be made in it: cgroups(7), version 2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clawbox::session {

/// The directory of a process's own version 2 group, from /proc/PID/mountinfo and /proc/PID/cgroup (proc(5)). Nothing
/// where no cgroup2 is mounted, or where the group lies outside of what the mount shows.
std::optional<std::string> own_cgroup(std::string_view mountinfo, std::string_view cgroup);

/// Makes an empty group below `directory` and removes it again. Returns the controllers that it could use, and the caps
/// that they give. Throws where no controller is there, and then makes nothing; throws where groups cannot be made.
std::string try_child_group(const std::string& directory);

}  // namespace clawbox::session
