// What a session writes to its audit trail, and the fields of its outcome.
#pragma once

#include <optional>
#include <string>

#include "audit/trail.h"
#include "base/error.h"
#include "base/json.h"
#include "base/owned_fd.h"
#include "plan/plan.h"
#include "plan/protect.h"
#include "supervise/outcome.h"

namespace clawbox::session {

/// The trail of one session. Where the plan does not require one, a trail that cannot be opened is left out, and one
/// that cannot be written counts what it lost. Where it does, whatever cannot be recorded throws Error(kStateUnusable).
class Record {
 public:
  Record(const Plan& plan, const std::string& directory, const std::string& session);

  void start(const Plan& plan, pid_t init);
  void write(const std::string& event, const Json& fields);
  /// The session could not be built, or not be recorded on. Throws nothing: `cause` is what the caller must see.
  void fail(const Error& cause) noexcept;
  /// What kept a required record from being written; the run is over by then, so it is told and not thrown.
  std::optional<std::string> end(const Outcome& outcome);

 private:
  void close();

  OwnedFd directory_;
  std::optional<audit::Trail> trail_;
  Audit audit_;
};

/// "exit_status", "ended_by" (exit | signal | time | cpu_time | memory | disk | killed | failed | stopped), "signal",
/// "wall_ms", "cpu_ms", "detail", "protected_changes": [{"path", "change"}]; "overlay" (the directory that keeps what
/// was written over the workspace) where there is one; with a control group also what of "memory_peak",
/// "processes_peak", "throttled_ms", "memory_pressure_ms", "cpu_pressure_ms", "io_pressure_ms", "bytes_read" and
/// "bytes_written" it counted. Stable: `--outcome FILE` writes it too.
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
