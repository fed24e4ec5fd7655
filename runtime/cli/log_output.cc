#include "cli/log_output.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/error.h"

namespace clawbox::cli {
namespace {

constexpr std::size_t kPiece = 64 << 10;

std::string pager_command() {
  const char* said = std::getenv("PAGER");
  if (said == nullptr) return "less -FRX";
  return std::string(said) == "cat" ? "" : said;
}

/// A shell that runs `command` with `input` as its standard input, and signals as we got them; -1 if there is none.
pid_t spawn_shell(const std::string& command, int input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t defaults;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", option = "-c", text = command;
  std::array<char*, 4> argv = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = -1;
  if (::posix_spawn(&child, "/bin/sh", &actions, &attributes, argv.data(), environ) != 0) child = -1;
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return child;
}

}  // namespace

Output::Output(Through through) {
  if (through == Through::kPager && ::isatty(STDOUT_FILENO) == 1 && !pager_command().empty()) start_pager();
}

/// Where it cannot be started, the text goes to the terminal itself.
void Output::start_pager() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return;
  const OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);
  ::setenv("LESS", "FRX", 0);
  pager_ = spawn_shell(pager_command(), read_end.get());
  if (pager_ < 0) return;
  pipe_ = std::move(write_end);
  ::signal(SIGINT, SIG_IGN);  // the pager's to answer: it stops a search in less, and we end when it does
}

Output::~Output() {
  try {
    flush();
  } catch (const Error&) {
    gone_ = true;  // thrown by the last put() already, or nobody is left to tell
  }
  pipe_.reset();
  while (pager_ > 0 && ::waitpid(pager_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Output::put(std::string_view text) {
  pending_ += text;
  if (pending_.size() >= kPiece) flush();
}

void Output::flush() {
  std::string_view rest = pending_;
  while (!rest.empty() && !gone_) {
    const ssize_t count = ::write(pipe_ ? pipe_.get() : STDOUT_FILENO, rest.data(), rest.size());
    if (count >= 0) rest.remove_prefix(static_cast<std::size_t>(count));
    if (count >= 0 || errno == EINTR) continue;
    gone_ = true;
    if (errno == EPIPE) break;
    pending_.clear();
    throw Error(ExitStatus::kOutputLost, SysError(errno, "writing to standard output").what(),
                "free some space, or print elsewhere");
  }
  pending_.clear();
}

}  // namespace clawbox::cli
