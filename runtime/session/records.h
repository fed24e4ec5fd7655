// What a session writes to its audit trail, and the fields of its outcome.
#pragma once

#include <optional>
#include <string>

#include "audit/trail.h"
#include "base/json.h"
#include "plan/plan.h"
#include "plan/protect.h"
#include "supervise/outcome.h"

namespace clawbox::session {

/// The trail of one session. Where the plan does not require one, a trail that cannot be opened is left out.
class Record {
 public:
  Record(const Plan& plan, const std::string& directory, const std::string& session);
  void start(const Plan& plan);
  /// What kept a required record from being written; the run is over by then, so it is told and not thrown.
  std::optional<std::string> end(const Outcome& outcome);

 private:
  std::optional<audit::Trail> trail_;
  bool required_;
};

/// "exit_status", "ended_by" (exit | signal | time | cpu_time | killed), "signal", "wall_ms", "cpu_ms", "detail",
/// "protected_changes": [{"path", "change"}]. Stable: `--outcome FILE` writes it too.
Json as_json(const Outcome& outcome);

/// `--outcome FILE`: opened before the run. Throws Error(kUsage) where it cannot be.
class OutcomeFile {
 public:
  explicit OutcomeFile(const std::string& path);
  void write(const Outcome& outcome) const;

 private:
  OwnedFd file_;
};

Outcome::Change as_outcome(const plan::ProtectedChange& change);

}  // namespace clawbox::session
