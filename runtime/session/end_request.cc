#include "session/end_request.h"

#include <poll.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "session/control.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/process_facts.h"
#include "sys/sockets.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerWithin = 5s;
constexpr auto kKilledWithin = 5s;

Error not_ended(const Listed& session, const char* what) {
  return Error(ExitStatus::kSessionBusy, fmt::format("the session {} {}", in_quotes(session.shown()), what),
               fmt::format("`clawbox kill {}` ends its supervisor, and everything with it", session.shown()));
}

}  // namespace

/// The one that listens is the supervisor, and as long as the session lives its number is nobody else's.
EndRequest::EndRequest(const Sessions& sessions, Listed session, const Json& request)
    : sessions_(sessions), session_(std::move(session)), connection_(sessions.connect(session_)) {
  const pid_t pid = sys::peer_of(connection_).pid;
  auto pidfd = sys::pidfd_of(pid);
  if (pidfd && sessions_.lives(session_)) supervisor_ = sys::Process(pid, std::move(*pidfd));
  sys::send_text(connection_, request.dump());
}

bool EndRequest::answers_by(std::chrono::microseconds moment) {
  if (!readable_by(connection_, moment)) return false;
  const auto answer = sys::receive_text(connection_, kMostControlText);
  if (answer) throw_if_refused(Json::parse(answer->text));
  return true;
}

/// Its last descriptor goes with it: end-of-file on the connection is its end. Its lock goes soon after.
bool EndRequest::has_ended_by(std::chrono::microseconds moment) const {
  while (readable_by(connection_, moment))
    if (!sys::receive_text(connection_, kMostControlText)) break;
  while (sessions_.lives(session_)) {
    if (sys::boot_time() >= moment) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

void EndRequest::wait(std::chrono::milliseconds time) {
  const auto now = sys::boot_time();
  if (!answers_by(now + std::min<std::chrono::milliseconds>(time, kAnswerWithin)))
    throw not_ended(session_, "does not answer");
  if (!has_ended_by(now + time)) throw not_ended(session_, "has not ended");
}

void EndRequest::insist(std::chrono::milliseconds time) {
  const auto now = sys::boot_time();
  if (answers_by(now + std::min<std::chrono::milliseconds>(time, kAnswerWithin)) && has_ended_by(now + time)) return;
  if (supervisor_.pid() != 0) supervisor_.kill();
  if (!has_ended_by(sys::boot_time() + kKilledWithin)) throw not_ended(session_, "cannot be killed");
}

}  // namespace clawbox::session
