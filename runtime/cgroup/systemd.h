// What we ask of a systemd manager: org.freedesktop.systemd1(5).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "config.h"

namespace clawbox::cgroup {

/// Sessions are in clawbox.slice where this file was installed, so that they can be capped together; else in app.slice.
inline constexpr const char* kSliceUnit = CLAWBOX_USER_UNIT_DIR "/clawbox.slice";

/// Moves this process into a new transient scope whose control group is ours to divide. `socket` is the manager's own,
/// without a message bus between. libsystemd is loaded here and not before: linking it would cost each start more than
/// a millisecond. Throws Error(kFeatureMissing) where it is not installed or the manager refuses.
void enter_scope(const std::string& socket, const std::string& unit);

/// What a manager's refusal to make a scope means, from the name and the text of its D-Bus error.
Error refusal_of_scope(std::string_view name, std::string_view text);

}  // namespace clawbox::cgroup
