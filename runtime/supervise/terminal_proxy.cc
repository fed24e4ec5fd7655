#include "supervise/terminal_proxy.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::supervise {
namespace {

/// An open file description of our own, so that O_NONBLOCK is not set on the one that the caller's shell uses too.
OwnedFd own_description(int terminal, int flags) {
  OwnedFd again(::open(fmt::format("/proc/self/fd/{}", terminal).c_str(), flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  return again ? std::move(again) : sys::duplicate(terminal);  // a terminal of another user, after su(1)
}

}  // namespace

TerminalProxy::TerminalProxy(sys::Loop& loop, OwnedFd master, const CallerStdio& stdio, std::function<void()> when_done)
    : loop_(loop),
      master_(std::move(master)),
      caller_(stdio.terminal_input.value_or(stdio.terminal_output.value_or(0))),
      has_input_(stdio.terminal_input.has_value()),
      raw_output_(stdio.terminal_output == 1 ? sys::RawTerminal::Output::kRaw : sys::RawTerminal::Output::kCooked) {
  resize();
  sys::set_nonblocking(master_.get());
  take_terminal();
  const int shown_on = stdio.terminal_output.value_or(caller_);
  output_.emplace(loop, sys::duplicate(master_.get()), own_description(shown_on, O_WRONLY), std::move(when_done));
}

void TerminalProxy::resize() { sys::set_size(master_.get(), sys::size_of(caller_)); }

void TerminalProxy::take_terminal() {
  if (!has_input_ || !sys::in_foreground(caller_)) return;
  if (raw_)
    raw_->enter();
  else
    raw_.emplace(caller_, raw_output_);
  if (!input_) input_.emplace(loop_, own_description(caller_, O_RDONLY), sys::duplicate(master_.get()), nullptr);
}

void TerminalProxy::suspend() {
  if (raw_) raw_->leave();
  ::kill(0, SIGTSTP);  // to our whole job, as the terminal would; without a job-control shell it is discarded
  take_terminal();
  resize();
}

}  // namespace clawbox::supervise
