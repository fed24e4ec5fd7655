// One setting carried out on a profile: scalars are replaced, lists are replaced or edited.
#pragma once

#include <vector>

#include "profile/layer.h"

namespace clawbox::profile {

/// What the setting removes and is not there. Everything else can be carried out.
std::vector<Diagnostic> apply(const Setting& setting, Profile& profile);

}  // namespace clawbox::profile
