// One session from plan to outcome: the list of set-up steps.
#pragma once

#include <optional>
#include <string>

#include "plan/plan.h"
#include "seccomp/compile.h"
#include "session/directories.h"
#include "supervise/outcome.h"

namespace clawbox::session {

/// How long each step of a start took: "step=microseconds " in order, the child's steps within.
struct Timings {
  std::string launcher, child;
};

class Session {
 public:
  explicit Session(Directories directories) : directories_(std::move(directories)) {}

  /// Runs the plan's command to its end. Throws Error for everything that keeps the command from starting; then nothing
  /// of the session is left.
  Outcome run(const Plan& plan);

  const Timings& timings() const { return timings_; }

 private:
  Directories directories_;
  Timings timings_;
};

/// The compiled filters of a plan, from the cache where it has them.
seccomp::Program filters_of(const Plan& plan, const Directories& directories);

}  // namespace clawbox::session
