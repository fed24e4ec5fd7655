// Who can make a session's control group on this host: a decision from its facts alone.
#pragma once

#include <string>

#include "plan/host.h"
#include "plan/plan.h"

namespace clawbox::plan {

struct GroupOffer {
  ControlGroup group;         // its maker and its place
  std::string cause, remedy;  // with Maker::kNone: why nobody can, and what would change that
};

/// `wanted`: the profile's limits.cgroup. Needs Host::control_groups for the same.
GroupOffer group_offer(const Host& host, const std::string& wanted);

}  // namespace clawbox::plan
