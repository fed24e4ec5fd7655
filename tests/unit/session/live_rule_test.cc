#include "session/live_rule.h"

#include "support/catch.h"

namespace clawbox::session {

TEST_CASE("a rule that is given for longer than clocks count is given for very long, and not for no time") {
  const NetworkAllowlist list;
  const auto lasting = [&](int64_t milliseconds) {
    return live_rule_of({{"change", "deny"}, {"host", "a.test"}, {"lasts_ms", milliseconds}}, list).lasts;
  };
  CHECK(lasting(1500) == std::chrono::milliseconds(1500));
  CHECK(lasting(-1) == std::chrono::milliseconds(0));
  const auto longest = lasting(int64_t{3'000'000} * 3600 * 1000);
  CHECK(longest > std::chrono::hours(24 * 365 * 10));
  const auto now = std::chrono::steady_clock::now();
  CHECK(now + longest > now);
}

}  // namespace clawbox::session
