// The caller's terminal in raw mode on one side, the session's own terminal on the other: job control, resize, Ctrl-C
// and Ctrl-Z happen inside, and nothing inside holds a descriptor of the caller's terminal.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/owned_fd.h"
#include "supervise/caller_stdio.h"
#include "supervise/pump.h"
#include "sys/loop.h"
#include "sys/terminals.h"

namespace clawbox::supervise {

class TerminalProxy {
 public:
  /// `when_done`: the session's terminal has been read to its end.
  TerminalProxy(sys::Loop& loop, OwnedFd master, const CallerStdio& stdio, std::function<void()> when_done);

  void resize();
  /// Raw mode and keys for the session, as far as we are in the foreground: `clawbox run … &` must not be stopped for
  /// it.
  void take_terminal();
  /// Gives the terminal back to the caller's shell until this process is continued, then takes it again.
  void suspend();
  bool done() const { return !output_ || output_->done(); }

 private:
  sys::Loop& loop_;
  OwnedFd master_;
  int caller_;
  bool has_input_;
  sys::RawTerminal::Output raw_output_;
  std::optional<sys::RawTerminal> raw_;
  std::optional<Pump> input_, output_;
};

}  // namespace clawbox::supervise
