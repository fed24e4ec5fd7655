// A command that a client asked for over the control socket. The client hears of it while it is there; its end, or its
// request, ends the command, unless it was detached. A file operation is one as well, which executes nothing: the trail
// has one record of it, when it is over.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "files/request.h"
#include "supervise/commands.h"
#include "supervise/supervisor.h"
#include "sys/clock.h"
#include "sys/loop.h"

namespace clawbox::session {

struct RemoteWish {
  Command command;
  launch::Stdio stdio;
  OwnedFd files;  // of a file operation: the stream of its client; `command` is then files::as_words
  Json labels = Json::object();
  std::optional<std::chrono::milliseconds> time;
  enum class Tie { kToClient, kDetached } tie = Tie::kToClient;
};

class RemoteCommand : public supervise::CommandOwner {
 public:
  using Tell = std::function<bool(const Json& event, int descriptor)>;  // false: nobody is left to tell
  using Over = std::function<void(const Json& record)>;
  /// `over`: it has ended, as the trail says it; called last.
  RemoteCommand(supervise::Supervisor& supervisor, supervise::ExecLog::Write write, Tell tell, Over over);
  ~RemoteCommand() override;

  /// Throws Error where it cannot be handed over.
  void start(RemoteWish wish);
  void signal(int number);
  /// Its client is gone.
  void abandon();
  uint32_t number() const { return number_; }
  bool is_detached() const { return tie_ == RemoteWish::Tie::kDetached; }
  bool is_file_operation() const { return is_file_operation_; }
  /// Long arguments are cut short: they are whole in the trail.
  Json facts() const;

  void took_terminal(OwnedFd master) override;
  void started(pid_t inside) override;
  void stopped(int signal) override;
  void failed(const Error& cause) override;
  void ended(const End& end) override;

 private:
  void choose_time(std::optional<std::chrono::milliseconds> asked);
  void end(const std::string& reason);
  void end_for_time();
  void insist();
  void finish(Json result);
  void record_file_operation(const std::string& outcome, int error);
  int64_t wall_ms() const;

  supervise::Supervisor& supervisor_;
  supervise::ExecLog::Write write_;
  Tell tell_;
  Over over_;
  RemoteWish::Tie tie_ = RemoteWish::Tie::kToClient;
  uint32_t number_ = 0;
  pid_t leader_ = 0;  // as we see it
  Json labels_;
  std::vector<std::string> argv_;
  std::optional<files::Request> file_;  // until it is on record
  bool is_file_operation_ = false;
  std::optional<std::chrono::milliseconds> time_;
  std::string over_time_;  // what is said when it is over
  std::string ended_by_;   // what we did to it
  sys::Timer deadline_, grace_;
  std::chrono::microseconds began_ = sys::boot_time();
};

}  // namespace clawbox::session
