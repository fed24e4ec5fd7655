// What becomes of a lasting session whose sandbox has failed: `clawbox create --restart`, and whether it is well:
// `--health`.
//
// A sandbox has failed when its first process was killed, by the kernel or by somebody, when a layer of it was lost, or
// when it was found unwell; not when a person or one of its caps ended it. It is built anew by the same supervisor,
// with the same workspace and one trail; who asks for it meanwhile waits. A supervisor that is killed itself renews
// nothing: there is no daemon.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "supervise/outcome.h"

namespace clawbox::session {

struct Restart {
  enum class When { kNever, kOnFailure } when = When::kNever;
  std::optional<unsigned> most;  // nothing: without end
};
/// "no", "on-failure" or "on-failure:N". Nothing for anything else.
std::optional<Restart> restart_in(const std::string& text);

struct HealthCheck {
  std::string command;  // for sh -c, inside; empty: there is none
  std::chrono::milliseconds interval{std::chrono::seconds(30)};
  std::chrono::milliseconds time{std::chrono::seconds(10)};  // of one
  unsigned failures = 3;                                     // one after the other, until it is unwell
};

/// What a caller of `create` wants for his session.
struct Care {
  Restart restart;
  HealthCheck health;
};
Json as_json(const Care& care);

/// How often, and how long before the next: 100 ms, and twice as long each time up to a minute. One that held for ten
/// minutes begins anew.
class Renewal {
 public:
  explicit Renewal(Restart restart) : restart_(restart) {}

  /// How long to wait before another one is built; nothing: this was the last.
  std::optional<std::chrono::milliseconds> pause_after(const Outcome& outcome);
  unsigned count() const { return count_; }

 private:
  Restart restart_;
  unsigned count_ = 0, in_a_row_ = 0;
};

}  // namespace clawbox::session
