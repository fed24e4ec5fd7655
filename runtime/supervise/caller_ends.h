// The caller's side of one command: his files are pumped, his terminal is proxied.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/owned_fd.h"
#include "supervise/caller_stdio.h"
#include "supervise/pump.h"
#include "supervise/terminal_proxy.h"
#include "sys/loop.h"

namespace clawbox::supervise {

class CallerEnds {
 public:
  /// `when_drained`: something has been passed on to its end; `are_drained` tells whether everything has.
  CallerEnds(sys::Loop& loop, CallerStdio stdio, std::function<void()> when_drained);

  /// The master of the terminal that was made for the command.
  void take_terminal(OwnedFd master);
  /// What SIGWINCH and SIGCONT mean for it.
  void resize();
  void continued();
  /// A command that its terminal has stopped: gives the terminal back to the caller's shell until it is continued.
  bool have_terminal() const { return terminal_.has_value(); }
  void suspend() { terminal_->suspend(); }

  /// The command has ended; a daemon that it left behind may hold its output for ever.
  void end_output();
  bool are_drained() const;
  /// errno of output that could not be passed on; 0 if all was.
  int lost() const;

 private:
  sys::Loop& loop_;
  CallerStdio stdio_;
  std::function<void()> when_drained_;
  std::vector<std::unique_ptr<Pump>> inputs_, outputs_;
  std::optional<TerminalProxy> terminal_;
};

/// Signals that reach a client while its command runs.
class CallerSignals {
 public:
  CallerSignals();
  int fd() const { return signals_.fd(); }
  /// The next one that is the command's. Those that are about the terminal go to `ends`.
  std::optional<int> next(CallerEnds& ends) const;

 private:
  sys::SignalFd signals_;
};

}  // namespace clawbox::supervise
