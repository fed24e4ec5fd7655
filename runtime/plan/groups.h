// Who can make a session's control group on this host: a decision from its facts alone.
#pragma once

#include <string>

#include "plan/host.h"
#include "plan/plan.h"

namespace clawbox::plan {

/// One command that lets systemd give users every controller that a cap needs.
inline constexpr const char* kDelegateEverything =
    "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo install -D -m 644 /dev/stdin "
    "/etc/systemd/system/user@.service.d/clawbox.conf && sudo systemctl daemon-reload; then log in anew";

struct GroupOffer {
  ControlGroup group;         // its maker and its place
  std::string cause, remedy;  // with Maker::kNone: why nobody can, and what would change that
};

/// `wanted`: the profile's limits.cgroup. Needs Host::control_groups for the same.
GroupOffer group_offer(const Host& host, const std::string& wanted);

}  // namespace clawbox::plan
