// A program on a terminal of its own, as a person's shell would start it: for prompts, job control, resizing.
#pragma once

#include <termios.h>

#include <chrono>
#include <string>

#include "base/owned_fd.h"
#include "support/run.h"

namespace clawbox::test {

class Terminal {
 public:
  /// Starts `command` as the leader of a session whose controlling terminal is this one. `input` and `inherit` of the
  /// command are not used.
  explicit Terminal(const Command& command);
  Terminal(const Terminal&) = delete;
  /// Hangs up, kills what is left of the leader and reaps it.
  ~Terminal();

  void type(const std::string& keys) const;
  /// What the program wrote up to and with `text`; throws with what was there when it does not come in time.
  std::string read_until(const std::string& text, std::chrono::milliseconds deadline = 20s);
  void resize(unsigned short rows, unsigned short columns) const;
  termios attributes() const;
  void send(int signal) const;
  /// As a shell would see it: waits until the leader stops. False at the deadline.
  bool stops_within(std::chrono::milliseconds deadline) const;
  /// As a shell says it: 128+n when a signal ended it. Reads what is still written, so that the program can end.
  int wait(std::chrono::milliseconds deadline = 20s);

  pid_t pid() const { return pid_; }
  /// The device and inode of the program's side, as facts for the probe.
  const std::string& device() const { return device_; }
  const std::string& inode() const { return inode_; }

 private:
  bool read_more(std::chrono::milliseconds deadline);

  OwnedFd master_, slave_, pidfd_;
  pid_t pid_ = -1;
  std::string seen_, device_, inode_;
};

}  // namespace clawbox::test
