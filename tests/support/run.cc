#include "support/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace clawbox::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  OwnedFd read, write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) throw std::runtime_error("pipe2 failed");
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

void keep_only(const std::vector<int>& inherit) {
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  for (const int fd : inherit) ::fcntl(fd, F_SETFD, 0);
}

int left_ms(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000));
}

void read_some(OwnedFd& from, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) from.reset();
}

}  // namespace

Running::Running(const Command& command) : pending_input_(command.input) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe input = make_pipe(), out = make_pipe(), err = make_pipe();
  auto argv = pointers(command.argv);
  auto environment = pointers(command.environment);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    if (!command.directory.empty() && ::chdir(command.directory.c_str()) < 0) ::_exit(120);
    ::dup2(command.input_fd.value_or(input.read.get()), 0);
    ::dup2(out.write.get(), 1);
    ::dup2(err.write.get(), 2);
    keep_only(command.inherit);
    if (command.before_exec) command.before_exec();
    ::execvpe(argv[0], argv.data(), environment.data());
    ::_exit(121);
  }
  pidfd_ = watch(pid_);
  input_ = std::move(input.write);
  out_fd_ = std::move(out.read);
  err_fd_ = std::move(err.read);
  for (const OwnedFd* fd : {&input_, &out_fd_, &err_fd_}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
}

Running::~Running() {
  if (!pidfd_) return;
  send(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Running::send(int signal) const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0); }

void Running::write_input(const std::string& bytes) const {
  if (::write(input_.get(), bytes.data(), bytes.size()) < 0) throw std::runtime_error("the program reads no input");
}

bool Running::ended() const {
  pollfd one{pidfd_.get(), POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

// One turn: whatever can be written or read now. False when nothing happened in time.
bool Running::pump(int timeout_ms) {
  std::array<pollfd, 4> polled{{{out_fd_.get(), POLLIN, 0},
                                {err_fd_.get(), POLLIN, 0},
                                {pending_input_.empty() ? -1 : input_.get(), POLLOUT, 0},
                                {out_fd_ || err_fd_ ? -1 : pidfd_.get(), POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), timeout_ms) <= 0) return false;
  if (polled[0].revents != 0) read_some(out_fd_, out_);
  if (polled[1].revents != 0) read_some(err_fd_, err_);
  if (polled[2].revents != 0) {
    const ssize_t count = ::write(input_.get(), pending_input_.data(), pending_input_.size());
    if (count < 0) pending_input_.clear();
    if (count > 0) pending_input_.erase(0, static_cast<std::size_t>(count));
    if (pending_input_.empty()) input_.reset();
  }
  return true;
}

std::string Running::read_until(const std::string& text, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    const std::size_t at = out_.find(text);
    if (at != std::string::npos) {
      const std::string found = out_.substr(0, at + text.size());
      out_.erase(0, at + text.size());
      return found;
    }
    if (!out_fd_ || !pump(left_ms(end))) throw std::runtime_error("no '" + text + "' in: " + out_ + " / " + err_);
  }
}

Finished Running::wait(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  if (pending_input_.empty()) input_.reset();
  Finished result;
  while (out_fd_ || err_fd_ || !ended()) {
    if (pump(left_ms(end))) continue;
    if (left_ms(end) > 0) continue;
    result.overdue = true;
    send(SIGKILL);
    break;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pidfd_.reset();
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.out = std::move(out_);
  result.err = std::move(err_);
  return result;
}

Finished run(const Command& command, std::chrono::milliseconds deadline) {
  Running running(command);
  if (command.input.empty()) running.end_input();
  return running.wait(deadline);
}

OwnedFd watch(pid_t pid) { return OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

bool gone_within(const OwnedFd& pidfd, std::chrono::milliseconds limit) {
  if (!pidfd) return true;
  pollfd one{pidfd.get(), POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(limit.count())) > 0;
}

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string full = directory + "/" + name;
    if (::access(full.c_str(), X_OK) == 0) return full;
  }
  return std::nullopt;
}

}  // namespace clawbox::test
