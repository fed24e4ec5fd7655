// The profiles that are compiled in: profiles/*.toml, turned into a source file by tools/embed_profiles.py.
#pragma once

#include <span>
#include <string_view>

namespace clawbox::profile {

struct BuiltinProfile {
  std::string_view name;
  std::string_view text;
};

/// In the order of the alphabet. Constant data: nothing is constructed at start.
std::span<const BuiltinProfile> builtin_profiles();

}  // namespace clawbox::profile
