#include "session/sessions.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <climits>

#include "audit/reader_sessions.h"
#include "base/error.h"
#include "base/text.h"
#include "session/control.h"
#include "session/error_json.h"
#include "session/kept_session.h"
#include "sys/channel.h"
#include "sys/clock.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr auto kStatusWithin = 5s;

bool has_labels(const Json& facts, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    const Json& known = facts.at("labels");
    return known.contains(label.first) && known.at(label.first) == label.second;
  });
}

State state_in(const Json& status) {
  const std::string state = status.value("state", "running");
  return state == "frozen" ? State::kFrozen : state == "ending" ? State::kEnding : State::kRunning;
}

Listed alive(const Facts& facts) {
  Listed session;
  session.facts = as_json(facts);
  return session;
}

Listed dead(Json kept) {
  Listed session;
  session.ended = kept.contains("ended") ? kept.at("ended") : Json();
  session.state = State::kFailed;
  session.reason = "its supervisor was killed, or the machine was switched off";
  if (!session.ended.is_null()) {
    const auto by = session.ended.value("ended_by", "failed");
    if (by == "stopped" || by == "exit" || by == "signal") session.state = State::kEnded;
    session.reason = session.ended.value("detail", "");
  }
  session.facts = std::move(kept);
  return session;
}

Error no_session(const std::string& word, const Directories& directories, const std::vector<std::string>& known) {
  bool was = false;
  for (const std::string& id : KeptSession::ids(directories.state)) {
    const auto kept = KeptSession::open(directories.state, id);
    was |= kept && (id == word || kept->json().value("name", "") == word);
  }
  if (const auto trails = audit::open_trails(directories.state + "/audit"); trails && !was)
    for (const audit::SessionFiles& session : audit::sessions_in(*trails)) was |= session.id == word;
  if (was)
    return Error(ExitStatus::kSessionMissing, fmt::format("the session {} is gone for ever", in_quotes(word)),
                 "`clawbox log` still has its trail, as long as the profile keeps it");
  return Error(ExitStatus::kSessionMissing,
               fmt::format("there is no session {}{}", in_quotes(word), did_you_mean(word, known)),
               "`clawbox ls` lists them");
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kFrozen:
      return "frozen";
    case State::kEnding:
      return "ending";
    case State::kEnded:
      return "ended";
    case State::kFailed:
      return "failed";
  }
  return "failed";
}

void Sessions::ask_all(std::vector<Listed>& sessions) const {
  std::vector<std::pair<Listed*, OwnedFd>> asked;
  for (Listed& session : sessions) try {
      asked.emplace_back(&session, send(session, {{"do", "status"}}));
    } catch (const Error&) {  // it lives, by its lock; why it says nothing the next request will tell
    }
  const auto moment = sys::boot_time() + kStatusWithin;
  for (auto& [session, connection] : asked) try {
      session->status = answer_on(connection, *session, moment);
      session->state = state_in(session->status);
    } catch (const Error&) {
    }
}

std::vector<Listed> Sessions::all(const std::map<std::string, std::string>& labels, Look look) const {
  std::vector<Listed> all;
  std::vector<std::string> living;
  for (const Facts& facts : registry_.living()) {
    living.push_back(facts.id);
    if (!has_labels(as_json(facts), labels)) continue;
    all.push_back(alive(facts));
  }
  if (look == Look::kAtStatus) ask_all(all);
  for (const std::string& id : KeptSession::ids(directories_.state)) {
    if (std::find(living.begin(), living.end(), id) != living.end()) continue;
    const auto kept = KeptSession::open(directories_.state, id);
    if (kept && !kept->json().contains("removed") && has_labels(kept->json(), labels))
      all.push_back(dead(kept->json()));
  }
  std::sort(all.begin(), all.end(),
            [](const Listed& a, const Listed& b) { return a.facts.at("created_ms") < b.facts.at("created_ms"); });
  return all;
}

std::optional<std::string> Sessions::id_of_name(const std::string& name) const {
  if (const auto facts = living(name)) return facts->id;
  std::optional<std::string> id;
  int64_t last = 0;
  for (const std::string& known : KeptSession::ids(directories_.state)) {
    const auto kept = KeptSession::open(directories_.state, known);
    if (!kept || kept->json().value("name", "") != name) continue;
    const int64_t created = kept->json().value("created_ms", int64_t{0});
    if (created > last) id = known, last = created;
  }
  return id;
}

Listed Sessions::found(const std::string& word, Look look) const {
  const auto as_wanted = [&](Listed session) {
    std::vector<Listed> one;
    one.push_back(std::move(session));
    if (one.front().lives() && look == Look::kAtStatus) ask_all(one);
    return std::move(one.front());
  };
  if (const auto facts = living(word)) return as_wanted(alive(*facts));
  std::vector<Listed> begun;
  std::vector<std::string> known;
  std::vector<Listed> everything = all({}, Look::kAtFacts);
  for (auto session = everything.rbegin(); session != everything.rend(); ++session) {
    if (session->id() == word || session->name() == word) return as_wanted(std::move(*session));
    known.push_back(session->shown());
    if (!word.empty() && session->id().starts_with(word)) begun.push_back(std::move(*session));
  }
  if (begun.size() == 1) return as_wanted(std::move(begun.front()));
  if (begun.empty()) throw no_session(word, directories_, known);
  throw Error(ExitStatus::kUsage, fmt::format("{} sessions begin with {}", begun.size(), in_quotes(word)),
              "say more of its id: `clawbox ls` lists them");
}

OwnedFd Sessions::connect(const Listed& session) const {
  // One that is about to listen has its file already.
  for (int tries = 0; session.lives() && tries < 50; ++tries) {
    auto connection = registry_.connect(session.id());
    if (connection) return std::move(*connection);
    if (!lives(session)) break;
    ::poll(nullptr, 0, 2);
  }
  throw Error(ExitStatus::kSessionBusy,
              fmt::format("the session {} has {}{}", in_quotes(session.shown()),
                          session.state == State::kFailed ? "failed" : "ended",
                          session.reason.empty() ? "" : ": " + escaped(session.reason)),
              "create another one with `clawbox create`");
}

OwnedFd Sessions::send(const Listed& session, const Json& request) const {
  OwnedFd connection = connect(session);
  sys::send_text(connection, request.dump());
  return connection;
}

Json Sessions::ask(const Listed& session, const Json& request, std::chrono::milliseconds time) const {
  return answer_on(send(session, request), session, sys::boot_time() + time);
}

Json Sessions::answer_on(const OwnedFd& connection, const Listed& session, std::chrono::microseconds moment) const {
  const auto answer = readable_by(connection, moment) ? sys::receive_text(connection, kMostControlText) : std::nullopt;
  if (!answer)
    throw Error(ExitStatus::kSessionBusy, fmt::format("the session {} does not answer", in_quotes(session.shown())),
                fmt::format("`clawbox kill {}` ends it", session.shown()));
  Json json = Json::parse(answer->text);
  throw_if_refused(json);
  return json;
}

void Sessions::remove(const Listed& session) const {
  if (session.lives())
    throw Error(
        ExitStatus::kSessionBusy, fmt::format("the session {} lives", in_quotes(session.shown())),
        fmt::format("`clawbox stop {0}` ends it; `clawbox rm --force {0}` ends and removes it", session.shown()));
  if (auto kept = KeptSession::open(directories_.state, session.id())) kept->remove();
}

bool readable_by(const OwnedFd& connection, std::chrono::microseconds moment) {
  pollfd polled{connection.get(), POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - sys::boot_time()).count();
  return ::poll(&polled, 1, static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX))) > 0;
}

void throw_if_refused(const Json& answer) {
  if (!answer.value("ok", false)) throw Error(error_in(answer));
}

}  // namespace clawbox::session
