#include "session/remote_command.h"

#include <sys/epoll.h>

#include <csignal>
#include <cstring>

#include "audit/hostile.h"
#include "base/error.h"
#include "base/text.h"
#include "supervise/process_session.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 2s;  // between SIGTERM and SIGKILL
constexpr std::size_t kMostShown = 1024;

Json hostile_words(const std::vector<std::string>& words) {
  Json json = Json::array();
  for (const std::string& word : words) json.push_back(audit::hostile(word));
  return json;
}

/// As much of the words as a line shows.
Json shortened(const std::vector<std::string>& words) {
  std::vector<std::string> first;
  std::size_t left = kMostShown;
  for (const std::string& word : words) {
    first.push_back(word.size() <= left ? word : word.substr(0, left) + "…");
    if (word.size() >= left) break;
    left -= word.size();
  }
  return hostile_words(first);
}

}  // namespace

RemoteCommand::RemoteCommand(supervise::Supervisor& supervisor, supervise::ExecLog::Write write, Tell tell, Over over)
    : supervisor_(supervisor), write_(std::move(write)), tell_(std::move(tell)), over_(std::move(over)) {
  supervisor_.loop().watch(deadline_.fd(), EPOLLIN, [this](uint32_t) { end_for_time(); });
  supervisor_.loop().watch(grace_.fd(), EPOLLIN, [this](uint32_t) { insist(); });
}

RemoteCommand::~RemoteCommand() {
  if (file_) try {
      record_file_operation("killed", 0);  // the session ends, and may have ended it
    } catch (const std::exception&) {
    }
  supervisor_.commands().disown(number_);
  supervisor_.loop().forget(deadline_.fd());
  supervisor_.loop().forget(grace_.fd());
}

void RemoteCommand::start(RemoteWish wish) {
  tie_ = wish.tie;
  labels_ = std::move(wish.labels);
  argv_ = wish.command.argv;
  choose_time(wish.time);
  number_ = supervisor_.commands().count() + 1;
  if (wish.files) {
    file_ = files::request_in(argv_);
    is_file_operation_ = true;
    supervisor_.commands().operate_on_files(wish.command, wish.files, *this);
    return;
  }
  write_("command", {{"command", number_},
                     {"argv", hostile_words(argv_)},
                     {"directory", audit::hostile(wish.command.directory)},
                     {"labels", labels_},
                     {"detached", is_detached()}});
  supervisor_.commands().execute(wish.command, wish.stdio, launch::Role::kOne, *this);
  if (time_) deadline_.start(*time_);
}

/// The shorter of the profile's and the caller's.
void RemoteCommand::choose_time(std::optional<std::chrono::milliseconds> asked) {
  const auto& cap = supervisor_.plan().limits.time;
  time_ = asked;
  if (asked) over_time_ = fmt::format("ended by --timeout {}", duration_text(*asked));
  if (!cap || (asked && *asked <= cap->value)) return;
  time_ = cap->value;
  over_time_ = fmt::format("ended by the cap time = {} ({})", duration_text(cap->value), to_string(cap->origin));
}

Json RemoteCommand::facts() const {
  const Json pid = leader_ != 0 ? Json(leader_) : Json();  // it writes before we hear that it began
  return {{"command", number_}, {"argv", shortened(argv_)}, {"labels", labels_}, {"detached", is_detached()},
          {"pid", pid},         {"wall_ms", wall_ms()}};
}

int64_t RemoteCommand::wall_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(sys::boot_time() - began_).count();
}

void RemoteCommand::signal(int number) { supervisor_.commands().signal(number_, number); }

void RemoteCommand::abandon() {
  if (!is_detached()) end("abandoned");
}

/// SIGTERM to all of it, and SIGKILL to what is left of it soon after.
void RemoteCommand::end(const std::string& reason) {
  if (!ended_by_.empty()) return;
  ended_by_ = reason;
  signal(SIGTERM);
  if (leader_ != 0) supervise::signal_session(supervisor_.init(), leader_, SIGTERM);
  grace_.start(kGrace);
}

void RemoteCommand::end_for_time() {
  deadline_.drain();
  end("time");
}

void RemoteCommand::insist() {
  grace_.drain();
  signal(SIGKILL);
  if (leader_ != 0) supervise::signal_session(supervisor_.init(), leader_, SIGKILL);
}

void RemoteCommand::took_terminal(OwnedFd master) { tell_({{"event", "terminal"}}, master.get()); }

void RemoteCommand::started(pid_t inside) {
  leader_ = supervise::host_pid(supervisor_.init(), inside);
  if (is_detached()) tell_({{"event", "started"}, {"command", number_}}, -1);  // who waits for the end needs no other
}

/// Whoever waits for a file operation hears of its end only: what is inside can stop and continue it without end.
void RemoteCommand::stopped(int signal) {
  if (!is_file_operation_) tell_({{"event", "stopped"}, {"signal", signal}}, -1);
}

void RemoteCommand::failed(const Error& cause) {
  if (file_) record_file_operation("failed", 0);
  finish({{"event", "failed"},
          {"exit_status", static_cast<int>(cause.status())},
          {"detail", cause.what()},
          {"remedy", cause.remedy()}});
}

void RemoteCommand::ended(const End& end) {
  const bool for_time = ended_by_ == "time", capped = for_time || !end.memory.empty();
  const int own = end.signal != 0 ? static_cast<int>(ExitStatus::kSignalBase) + end.signal : end.status;
  if (!ended_by_.empty() && leader_ != 0) supervise::signal_session(supervisor_.init(), leader_, SIGKILL);
  if (file_) record_file_operation(end.signal != 0 ? "killed" : end.status != 0 ? "failed" : "done", end.status);
  finish({{"event", "ended"},
          {"exit_status", capped ? static_cast<int>(ExitStatus::kCapEnded) : own},
          {"signal", end.signal},
          {"ended_by", !ended_by_.empty()    ? ended_by_
                       : !end.memory.empty() ? "memory"
                       : end.signal != 0     ? "signal"
                                             : "exit"},
          {"cpu_ms", end.cpu.count() / 1000},
          {"detail", for_time ? over_time_ : end.memory}});
}

/// Once. What it says of paths is what was asked for: the operation follows no link out of `beneath`.
void RemoteCommand::record_file_operation(const std::string& outcome, int error) {
  const files::Request request = *std::exchange(file_, std::nullopt);
  Json record{{"command", number_},
              {"operation", files::name_of(request.operation)},
              {"path", audit::hostile(request.path)},
              {"labels", labels_},
              {"outcome", ended_by_.empty() || outcome == "done" ? outcome : ended_by_},
              {"wall_ms", wall_ms()}};
  if (request.operation == files::Operation::kRename) record["to"] = audit::hostile(request.to);
  if (const char* const name = ::strerrorname_np(error); error != 0 && name != nullptr) record["errno"] = name;
  write_("file", record);
}

void RemoteCommand::finish(Json result) {
  result["wall_ms"] = wall_ms();
  Json record{{"command", number_}};
  for (const auto& [name, value] : result.items())
    if (name != "event" && name != "remedy") record[name] = value;
  if (!is_file_operation_) write_("command.end", record);
  tell_(result, -1);
  over_(record);
}

}  // namespace clawbox::session
