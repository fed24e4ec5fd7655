// Runs a program from a test: its own argv, environment, directory and standard descriptors; output captured; a
// deadline.
//
// The child gets only descriptors 0, 1 and 2 and those in `Command::inherit`. Nothing here sleeps: every wait is a poll
// on a pidfd (man 2 pidfd_open, Linux 5.3) or on the pipes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::test {

using namespace std::chrono_literals;
inline constexpr std::chrono::milliseconds kDeadline = 60s;

struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value"; nothing else is passed
  std::string directory;                 // empty: the test's own
  std::string input;                     // written to standard input, which then ends
  std::optional<int> input_fd;           // instead of `input`: becomes descriptor 0
  std::vector<int> inherit;              // stay open under their own numbers
  std::function<void()> before_exec;     // runs in the child; must be async-signal-safe
};

/// How a program ended, and what it wrote. `status` is as a shell says it: 128+n when signal n ended it.
struct Finished {
  int status = -1;
  int signal = 0;
  bool overdue = false;  // killed at the deadline
  std::string out;
  std::string err;
};

/// A started program. Kills and reaps it when it leaves scope.
class Running {
 public:
  explicit Running(const Command& command);
  Running(Running&&) noexcept = default;
  ~Running();

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  void write_input(const std::string& bytes) const;
  void end_input() { input_.reset(); }
  /// Everything on standard output up to and with the first occurrence of `text`; fails the test at the deadline.
  std::string read_until(const std::string& text, std::chrono::milliseconds deadline = kDeadline);
  Finished wait(std::chrono::milliseconds deadline = kDeadline);

 private:
  bool pump(int timeout_ms);
  bool ended() const;

  pid_t pid_ = -1;
  OwnedFd pidfd_, input_, out_fd_, err_fd_;
  std::string pending_input_, out_, err_;
};

Finished run(const Command& command, std::chrono::milliseconds deadline = kDeadline);

/// Whether the process behind `pidfd` is gone within `limit`. An empty descriptor is a process that is gone already.
bool gone_within(const OwnedFd& pidfd, std::chrono::milliseconds limit);
OwnedFd watch(pid_t pid);

/// The first of `names` on PATH, as a full path; nothing when there is none.
std::optional<std::string> find_program(const std::string& name);

}  // namespace clawbox::test
