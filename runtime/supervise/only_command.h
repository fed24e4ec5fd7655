// The one command of `clawbox run`: its end is the end of the session, and the caller's signals and terminal are its
// own.
#pragma once

#include <optional>

#include "supervise/caller_ends.h"
#include "supervise/commands.h"
#include "supervise/supervisor.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class OnlyCommand : public CommandOwner {
 public:
  /// From here the caller's signals are queued for the loop.
  OnlyCommand(Supervisor& supervisor, CallerStdio stdio);
  ~OnlyCommand() override;

  /// Returns when the program runs. Throws if it cannot (ExitStatus::kNotFound, kNotExecutable).
  void start();
  /// Returns when it has ended and its output has been passed on. Does not wait for the kernel to take the namespaces
  /// apart.
  Outcome run_until_exit();

  void took_terminal(OwnedFd master) override { ends_.take_terminal(std::move(master)); }
  void started(pid_t inside) override;
  void stopped(int signal) override;
  void failed(const Error& cause) override;
  void ended(const End& end) override;

 private:
  void pass_signals_on();
  void stop_when_drained();

  Supervisor& supervisor_;
  CallerSignals signals_;
  launch::Stdio given_;
  CallerEnds ends_;
  uint32_t number_ = 0;
  bool is_over_ = false, has_started_ = false;
  std::optional<Error> failure_;  // why the program could not start
};

}  // namespace clawbox::supervise
