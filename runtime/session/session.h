// One session from plan to outcome: the list of set-up steps.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "plan/plan.h"
#include "seccomp/compile.h"
#include "session/directories.h"
#include "session/guest.h"
#include "session/records.h"
#include "session/registry.h"
#include "supervise/outcome.h"

namespace clawbox::session {

/// How long each step of a start took: "step=microseconds " in order, the child's steps within.
struct Timings {
  std::string launcher, child;
};

class Session {
 public:
  using Tell = std::function<void(const std::string&)>;
  /// `tell`: what a person should know while the session runs.
  explicit Session(
      Directories directories, Tell tell = [](const std::string&) {})
      : directories_(std::move(directories)), tell_(std::move(tell)) {}

  /// Runs the plan's command to its end. Throws Error for everything that keeps the command from starting; then nothing
  /// of the session is left.
  Outcome run(const Plan& plan);
  /// Serves clients until it is stopped. `entry` is its registration, `guest` who lives in it.
  Outcome serve(const Plan& plan, const Registration& entry, Guest& guest);

  const Timings& timings() const { return timings_; }

 private:
  /// What stays when a sandbox is built anew.
  struct Kept;
  Outcome live(const Plan& plan, const Registration& entry, Guest& guest, Kept& kept);

  Directories directories_;
  Tell tell_;
  Timings timings_;
};

/// The compiled filters of a plan, from the cache where it has them.
seccomp::Program filters_of(const Plan& plan, const Directories& directories);

}  // namespace clawbox::session
