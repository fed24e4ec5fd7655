// Terminals: attributes, window size, a pseudo-terminal pair. termios(3), pts(4), ioctl_tty(2).
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <utility>

#include "base/owned_fd.h"

namespace clawbox::sys {

bool is_terminal(int fd);

/// Raw mode while it lives; the old attributes come back when it leaves scope, also by exception.
class RawTerminal {
 public:
  /// kCooked: somebody else writes to the terminal too and expects "\n" to begin a line at its left.
  enum class Output { kRaw, kCooked };
  RawTerminal(int fd, Output output);
  ~RawTerminal() { leave(); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  void enter();
  void leave();

 private:
  int fd_;
  Output output_;
  termios before_{};
  enum class State { kBefore, kRaw } state_ = State::kBefore;
};

/// Whether this process may read and set the terminal without being stopped (tcgetpgrp(3)).
bool in_foreground(int terminal);
termios attributes_of(int terminal);
termios usual_attributes();  // as the kernel gives a new terminal
void set_attributes(int terminal, const termios& attributes);
winsize size_of(int terminal);
void set_size(int terminal, const winsize& size);

/// A pair from the devpts that /dev/ptmx leads to; the slave is opened through the master (TIOCGPTPEER), not by name.
struct TerminalPair {
  OwnedFd master, slave;
};
TerminalPair open_terminal_pair();
void make_controlling_terminal(const OwnedFd& slave);

}  // namespace clawbox::sys
