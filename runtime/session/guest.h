// For whom a sandbox is built: the one command of `clawbox run`, or whatever clients of a lasting session ask for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/owned_fd.h"
#include "session/control.h"
#include "session/health.h"
#include "session/renewal.h"
#include "supervise/caller_stdio.h"
#include "supervise/only_command.h"
#include "supervise/supervisor.h"

namespace clawbox::session {

class Guest {
 public:
  virtual ~Guest() = default;
  /// The sandbox is built, and nothing runs in it yet. `supervisor` lives until `live` has returned.
  virtual void enter(supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write) = 0;
  /// Commands may come. Throws where the only one cannot be executed.
  virtual void begin() = 0;
  virtual Outcome live() = 0;
  /// After `leave`. True: the sandbox is to be built anew, and this has waited as long as it should.
  virtual bool wants_another(const Outcome&) { return false; }
  /// Before the supervisor goes.
  virtual void leave() = 0;
  virtual void tell(const std::string& text) = 0;
};

class RunGuest : public Guest {
 public:
  RunGuest(supervise::CallerStdio stdio, std::function<void(const std::string&)> tell)
      : stdio_(std::move(stdio)), tell_(std::move(tell)) {}
  void enter(supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write) override;
  void begin() override { command_->start(); }
  Outcome live() override { return command_->run_until_exit(); }
  void leave() override { control_.reset(), command_.reset(); }
  void tell(const std::string& text) override { tell_(text); }

 private:
  supervise::CallerStdio stdio_;
  std::function<void(const std::string&)> tell_;
  std::optional<supervise::OnlyCommand> command_;
  std::optional<Control> control_;
};

class LastingGuest : public Guest {
 public:
  /// `ready` is called when commands may come for the first time.
  LastingGuest(OwnedFd logs, const Care& care, std::function<void()> ready);
  void enter(supervise::Supervisor& supervisor, const OwnedFd& socket, supervise::ExecLog::Write write) override;
  void begin() override;
  Outcome live() override { return supervisor_->run(); }
  bool wants_another(const Outcome& outcome) override;
  void leave() override;
  void tell(const std::string& text) override;

 private:
  void end_by_signal(int signal);

  OwnedFd logs_;
  const Care& care_;
  std::function<void()> ready_;
  sys::SignalFd signals_;
  int listening_ = -1;  // its clients
  Renewal renewal_;
  supervise::Supervisor* supervisor_ = nullptr;
  std::optional<Health> health_;
  std::optional<Control> control_;
};

}  // namespace clawbox::session
