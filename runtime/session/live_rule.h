// What a person gives or takes of a living session's list: `clawbox network`.
#pragma once

#include "base/json.h"
#include "egress/order.h"
#include "plan/plan.h"

namespace clawbox::session {

/// Of {"change": "allow" | "deny", "host": "HOST[:PORT]", "lasts_ms": 0 for as long as the session}. Without a port: 80
/// and 443 are allowed, and all are denied. Throws Error(kUsage) where the host cannot be read, and kFeatureMissing for
/// a prefix that this host cannot steer.
egress::LiveRule live_rule_of(const Json& request, const NetworkAllowlist& list);

}  // namespace clawbox::session
