#include "sys/terminals.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"

namespace clawbox::sys {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

RawTerminal::RawTerminal(int fd, Output output) : fd_(fd), output_(output), before_(attributes_of(fd)) { enter(); }

void RawTerminal::enter() {
  termios raw = before_;
  ::cfmakeraw(&raw);
  if (output_ == Output::kCooked) raw.c_oflag = before_.c_oflag;
  set_attributes(fd_, raw);
  state_ = State::kRaw;
}

void RawTerminal::leave() {
  if (state_ == State::kRaw) ::tcsetattr(fd_, TCSADRAIN, &before_);
  state_ = State::kBefore;
}

bool in_foreground(int terminal) { return ::tcgetpgrp(terminal) == ::getpgrp(); }

termios attributes_of(int terminal) {
  termios attributes{};
  if (::tcgetattr(terminal, &attributes) < 0) throw_errno("reading the terminal's attributes");
  return attributes;
}

/// The kernel's tty_std_termios.
termios usual_attributes() {
  termios attributes{};
  attributes.c_iflag = ICRNL | IXON;
  attributes.c_oflag = OPOST | ONLCR;
  attributes.c_cflag = B38400 | CS8 | CREAD | HUPCL;
  attributes.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  constexpr cc_t kCharacters[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};  // INIT_C_CC
  std::memcpy(attributes.c_cc, kCharacters, sizeof kCharacters);
  return attributes;
}

void set_attributes(int terminal, const termios& attributes) {
  if (::tcsetattr(terminal, TCSADRAIN, &attributes) < 0) throw_errno("setting the terminal's attributes");
}

winsize size_of(int terminal) {
  winsize size{};
  ::ioctl(terminal, TIOCGWINSZ, &size);  // a terminal without a size has size 0 x 0
  return size;
}

void set_size(int terminal, const winsize& size) { ::ioctl(terminal, TIOCSWINSZ, &size); }

TerminalPair open_terminal_pair() {
  OwnedFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) throw_errno("opening /dev/ptmx");
  if (::unlockpt(master.get()) < 0) throw_errno("unlocking the pseudo-terminal");
  OwnedFd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) throw_errno("opening the pseudo-terminal's slave");
  return {std::move(master), std::move(slave)};
}

void make_controlling_terminal(const OwnedFd& slave) {
  if (::ioctl(slave.get(), TIOCSCTTY, 0) < 0) throw_errno("TIOCSCTTY");
}

}  // namespace clawbox::sys
