// What the supervisor tells a relay: texts over its channel, see sys/channel.h. Nothing of it comes from the sandbox.
//
// Before it serves: {"doors": one net::Door each} with descriptors, {"publish": index} with a listener, the rules that
// earlier relays had, {"names": […]}, and then {"serve": true}. Later: rules, which a person gives or takes while the
// session runs; {"doors"} with more spares, where it asked for them; and {"finish": true}, after which it tells of
// every connection that is open, and ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "base/network_rule.h"

namespace clawbox::egress {

inline constexpr std::size_t kMostOrder = std::size_t{64} << 10;

/// Of the session's budgets.
struct Spent {
  uint64_t bytes = 0, connections = 0;
};

struct LiveRule {
  enum class Kind : uint8_t { kAllow, kDeny } kind = Kind::kAllow;
  NetworkRule rule;
  std::chrono::milliseconds lasts{0};  // 0: as long as the session
};
Json as_json(const LiveRule& rule);
/// Throws Json::exception for what `as_json` does not make.
LiveRule live_rule_in(const Json& json);

}  // namespace clawbox::egress
