// The caller's default profile: `default_profile = "NAME"` in config.toml of clawbox's configuration directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "profile/profile.h"

namespace clawbox::profile {

struct DefaultName {
  std::optional<std::string> name;  // nothing: there is no such file, or it does not say
  std::vector<Diagnostic> mistakes;
};

/// The same checks of owner, permissions and size as for a profile.
DefaultName default_name(const std::string& config_file);

}  // namespace clawbox::profile
