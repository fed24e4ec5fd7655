// Which names of the sandbox reach the host: one component that stays in its directory, and attributes of users.
#pragma once

#include <string_view>

namespace clawbox::store {

/// No "..", no path, nothing that a system call would read as less than all of it.
inline bool is_entry_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == "..") return false;
  return name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

/// security.*, trusted.* and system.* mean something on the host.
inline bool is_own_attribute(std::string_view name) {
  return name.starts_with("user.") && name.size() > 5 && name.size() <= 255;
}

}  // namespace clawbox::store
