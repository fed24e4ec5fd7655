// The sessions of this user, living and not: found by name or id, asked, ended, removed.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "session/directories.h"
#include "session/facts.h"
#include "session/registry.h"

namespace clawbox::session {

/// kFailed: it ended otherwise than by its command or somebody's wish; its supervisor may have been killed, or the
/// machine switched off.
enum class State { kRunning, kFrozen, kEnding, kEnded, kFailed };
const char* name_of(State state);

struct Listed {
  Json facts;  // as_json(Facts)
  State state = State::kRunning;
  Json status = Json::object();  // of a living one: what its supervisor answered; empty where it was not asked, or does
                                 // not answer in time
  Json ended;                    // of another one: how, as `as_json(Outcome)`; null where nobody was left to write it
  std::string reason;            // of a failed one, for people
  std::string id() const { return facts.at("id").get<std::string>(); }
  std::string name() const { return facts.at("name").get<std::string>(); }
  /// As people call it.
  std::string shown() const { return name().empty() ? id() : name(); }
  bool lives() const { return state == State::kRunning || state == State::kFrozen || state == State::kEnding; }
};

/// Whether supervisors are asked what is true now: one that hangs takes its time to say nothing.
enum class Look { kAtFacts, kAtStatus };

class Sessions {
 public:
  explicit Sessions(Directories directories) : directories_(std::move(directories)), registry_(directories_.runtime) {}

  /// Oldest first. `labels`: only those that have all of them.
  std::vector<Listed> all(const std::map<std::string, std::string>& labels = {}, Look look = Look::kAtStatus) const;
  /// By name, id, or the begin of an id; among those of a name the living one, else the last. Throws
  /// Error(kSessionMissing), which tells one that is gone from one that never was.
  Listed found(const std::string& word, Look look = Look::kAtStatus) const;
  /// Of the living one with this name, else of the last that had it.
  std::optional<std::string> id_of_name(const std::string& name) const;
  /// The living one with this name or id, if there is one.
  std::optional<Facts> living(const std::string& name_or_id) const { return registry_.living(name_or_id); }

  bool lives(const Listed& session) const { return registry_.lives(session.id()); }

  /// One request, and the answer. Throws Error(kSessionBusy) where it does not live, what it refuses, and
  /// Error(kSessionBusy) where it does not answer within `time`.
  Json ask(const Listed& session, const Json& request, std::chrono::milliseconds time) const;
  /// A connection to a living one. Throws Error(kSessionBusy).
  OwnedFd connect(const Listed& session) const;
  /// Forgets an ended one; its trail stays. Throws Error(kSessionBusy) for a living one.
  void remove(const Listed& session) const;

  const Directories& directories() const { return directories_; }

 private:
  /// All before any is waited for: those that hang cost their time once.
  void ask_all(std::vector<Listed>& sessions) const;
  OwnedFd send(const Listed& session, const Json& request) const;
  Json answer_on(const OwnedFd& connection, const Listed& session, std::chrono::microseconds moment) const;

  Directories directories_;
  Registry registry_;
};

/// False: nothing to read, and no end-of-file, until that moment of the machine's (sys::boot_time).
bool readable_by(const OwnedFd& connection, std::chrono::microseconds moment);
/// Throws the error that an answer tells of.
void throw_if_refused(const Json& answer);

}  // namespace clawbox::session
