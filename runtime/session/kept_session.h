// What stays of a session that was created: its directory in the state directory, until `clawbox rm`.
//
//   sessions/ID/session.json   facts; "ended" once it has ended
//   sessions/ID/plan.json      what it was planned as, for a comparison
//   sessions/ID/logs/          what detached commands printed
// After `rm` session.json alone stays, with "removed": who asks for it is told that it is gone, and not that it never
// was. Those of a machine that was switched off look as of a supervisor that was killed: without "ended".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "session/facts.h"

namespace clawbox::session {

class KeptSession {
 public:
  /// Makes its directory, or leaves nothing. Throws Error(kSessionBusy) where one of this id was there before, and
  /// Error(kStateUnusable).
  static KeptSession make(const std::string& state, const Facts& facts, const Plan& plan);
  static std::optional<KeptSession> open(const std::string& state, const std::string& id);
  static std::vector<std::string> ids(const std::string& state);

  const Json& json() const { return json_; }
  Json plan() const;
  OwnedFd logs() const;

  /// "ended" of session.json: `as_json(Outcome)`, or why it failed.
  void end(const Json& how);
  /// All but the stone that says so.
  void remove();
  /// All of it: it never became a session.
  void discard();

 private:
  KeptSession(std::string path, OwnedFd directory, Json json)
      : path_(std::move(path)), directory_(std::move(directory)), json_(std::move(json)) {}
  void write() const;
  void empty() const;

  std::string path_;
  OwnedFd directory_;
  Json json_;
};

}  // namespace clawbox::session
