#include "session/output.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kPiece = 64 << 10;

std::string pager_command() {
  const char* said = std::getenv("PAGER");
  if (said == nullptr) return "less -FRX";
  return std::string(said) == "cat" ? "" : said;
}

/// A shell that runs `command` with `input` as its standard input, and signals as we got them; -1 if there is none.
pid_t spawn_shell(const std::string& command, const OwnedFd& input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t defaults;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::sigemptyset(&defaults);
  for (const int ours : {SIGPIPE, SIGXFSZ}) ::sigaddset(&defaults, ours);  // which main ignores
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

/// 126 and 127: the shell found no such program, or could not run it.
bool could_not_run(int wait_status) {
  return WIFEXITED(wait_status) && (WEXITSTATUS(wait_status) == 126 || WEXITSTATUS(wait_status) == 127);
}

}  // namespace

Output::Output(Through through) : out_(sys::duplicate(STDOUT_FILENO)) {
  if (through == Through::kPager && ::isatty(STDOUT_FILENO) == 1 && !pager_command().empty()) start_pager();
}

/// Where it cannot be started, the text goes to the terminal itself.
void Output::start_pager() {
  sys::Pipe pipe = sys::make_pipe();
  const int capacity = ::fcntl(pipe.write_end.get(), F_GETPIPE_SZ);
  ::setenv("LESS", "FRX", 0);
  pager_ = spawn_shell(pager_command(), pipe.read_end);
  if (pager_ < 0) return;
  capacity_ = static_cast<std::size_t>(std::max(capacity, 0));
  pipe_ = std::move(pipe.write_end);
  static_cast<void>(
      ::signal(SIGINT, SIG_IGN));  // the pager's to answer: it stops a search in less, and we end when it does
}

Output::~Output() {
  try {
    flush();
    end_pager();
  } catch (const Error&) {
    gone_ = true;  // thrown by the last put() already, or nobody is left to tell
  }
}

bool Output::is_terminal() const { return ::isatty(out_.get()) == 1; }

void Output::put(std::string_view text) {
  pending_ += text;
  if (pending_.size() >= kPiece) flush();
}

void Output::flush() {
  const std::string text = std::exchange(pending_, "");
  if (gone_ || text.empty()) return;
  if (pipe_) return page(text);
  print(text);
}

/// What the pipe takes is kept until it has taken more than it can hold: then there is a reader.
void Output::page(std::string_view text) try {
  if (capacity_ > 0) unread_ += text;
  sys::write_all(pipe_, text, "the pager");
  if (unread_.size() <= capacity_) return;
  capacity_ = 0;
  unread_.clear();
} catch (const SysError&) {
  end_pager();  // it was left by its reader, or never ran
}

void Output::print(std::string_view text) try {
  sys::write_all(out_, text, "standard output");
} catch (const SysError& error) {
  gone_ = true;
  if (error.code() == EPIPE) return;
  throw Error(ExitStatus::kOutputLost, error.what(), "free some space, or print elsewhere");
}

void Output::end_pager() {
  if (pager_ < 0) return;
  pipe_.reset();
  int status = 0;
  while (::waitpid(pager_, &status, 0) < 0 && errno == EINTR) {
  }
  pager_ = -1;
  gone_ = capacity_ == 0 || !could_not_run(status);
  if (!gone_) print(std::exchange(unread_, ""));
}

void write_private_file(const std::string& path, std::string_view text) try {
  const OwnedFd file = sys::open(path, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0600);
  sys::write_all(file, text, in_quotes(path));
} catch (const SysError& error) {
  throw Error(ExitStatus::kOutputLost, error.what(), "name a file that you can write; `-` is standard output");
}

}  // namespace clawbox::session
