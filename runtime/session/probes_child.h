// One attempt in a child of its own, with a deadline. It protects the caller's process from what the attempt does to
// itself (namespaces, filters, limits), not the host from an attempt that writes files.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "plan/plan.h"

namespace clawbox::session {

/// What came of an attempt: what was found, or why it did not work; `remedy` where that is better known than in
/// general.
struct Attempt {
  bool works = false;
  std::string found;
  std::string remedy;
};

/// Returns what was found; throws what the system refused.
using Act = std::function<std::string()>;
inline constexpr std::chrono::milliseconds kAttemptDeadline{5000};

/// The remedy of an attempt that never began, because the child could not be made.
inline constexpr const char* kNotBegun = "see `namespaces` and `id-map`";

/// Runs `act` in a child in new `namespaces` (CLONE_NEW…). With CLONE_NEWUSER its id maps are written from outside, as
/// a session's are, and it goes on as `identity` with all capabilities inside. Does not throw for what the child met
/// with; a child that is late is killed. The child's standard descriptors lead nowhere.
Attempt in_child(uint64_t namespaces, const Identity& identity, const Act& act,
                 std::chrono::milliseconds deadline = kAttemptDeadline);
/// The same without namespaces.
Attempt in_child(const Act& act, std::chrono::milliseconds deadline = kAttemptDeadline);

}  // namespace clawbox::session
