// Values as TOML text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profile/keys.h"

namespace clawbox::profile {

/// A basic string that TOML reads back as `text`.
std::string toml_string(std::string_view text);

/// What `shown` says of one key: one value, one for each entry of a list or table, or none where nothing is set.
std::vector<ShownValue> shown_key(const Key& key, const Profile& profile);

}  // namespace clawbox::profile
