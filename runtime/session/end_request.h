// A session that was asked to end: sent to as many as are meant, and only then waited for, one after the other.
#pragma once

#include <chrono>

#include "session/sessions.h"
#include "sys/processes.h"

namespace clawbox::session {

class EndRequest {
 public:
  /// `request`: "stop" or "kill". Throws Error(kSessionBusy) where the session does not live.
  EndRequest(const Sessions& sessions, Listed session, const Json& request);
  EndRequest(EndRequest&&) = default;
  ~EndRequest() { supervisor_.release(); }

  const Listed& session() const { return session_; }
  /// Until it has ended. Throws what it refuses, and Error(kSessionBusy) where it does not answer, or not end by
  /// `time`.
  void wait(std::chrono::milliseconds time);
  /// As wait; but the supervisor of one that does not answer, or not end, is killed, and everything with it.
  void insist(std::chrono::milliseconds time);

 private:
  bool answers_by(std::chrono::microseconds moment);
  bool has_ended_by(std::chrono::microseconds moment) const;

  const Sessions& sessions_;
  Listed session_;
  OwnedFd connection_;
  sys::Process supervisor_;  // no child of ours
};

}  // namespace clawbox::session
