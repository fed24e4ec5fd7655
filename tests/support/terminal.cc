#include "support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <vector>

namespace clawbox::test {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds left(Clock::time_point end) {
  return std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()));
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Terminal::Terminal(const Command& command) {
  master_ = OwnedFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master_ || ::grantpt(master_.get()) < 0 || ::unlockpt(master_.get()) < 0)
    throw std::runtime_error("no terminal");
  // Kept open here too, so that its attributes can be read after the program has gone.
  slave_ = OwnedFd(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  resize(24, 80);
  struct stat facts {};
  ::fstat(slave_.get(), &facts);
  device_ = std::to_string(facts.st_rdev);
  inode_ = std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
  auto argv = pointers(command.argv);
  auto environment = pointers(command.environment);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setsid();
    ::ioctl(slave_.get(), TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; ++fd) ::dup2(slave_.get(), fd);
    if (!command.directory.empty() && ::chdir(command.directory.c_str()) < 0) ::_exit(120);
    if (command.before_exec) command.before_exec();
    ::execvpe(argv[0], argv.data(), environment.data());
    ::_exit(121);
  }
  if (pid_ < 0) throw std::runtime_error("fork failed");
  pidfd_ = watch(pid_);
}

Terminal::~Terminal() {
  if (pid_ < 0) return;
  send(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Terminal::type(const std::string& keys) const {
  if (::write(master_.get(), keys.data(), keys.size()) < 0) throw std::runtime_error("the terminal is gone");
}

bool Terminal::read_more(std::chrono::milliseconds deadline) {
  pollfd one{master_.get(), POLLIN, 0};
  if (::poll(&one, 1, static_cast<int>(deadline.count())) <= 0) return false;
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(master_.get(), buffer.data(), buffer.size());
  if (count > 0) seen_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string Terminal::read_until(const std::string& text, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    const std::size_t at = seen_.find(text);
    if (at != std::string::npos) {
      const std::string found = seen_.substr(0, at + text.size());
      seen_.erase(0, at + text.size());
      return found;
    }
    if (!read_more(left(end))) throw std::runtime_error("no '" + text + "' on the terminal, but: " + seen_);
  }
}

void Terminal::resize(unsigned short rows, unsigned short columns) const {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

termios Terminal::attributes() const {
  termios attributes{};
  ::tcgetattr(slave_.get(), &attributes);
  return attributes;
}

void Terminal::send(int signal) const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0); }

// waitid has no time limit of its own, and a stop does not wake a pidfd: SIGCHLD does, taken by sigtimedwait.
bool Terminal::stops_within(std::chrono::milliseconds deadline) const {
  sigset_t child, before;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, &before);
  const auto end = Clock::now() + deadline;
  bool stopped = false;
  do {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG);
    stopped = info.si_pid == pid_;
    const auto time = left(end);
    const timespec limit{time.count() / 1000, (time.count() % 1000) * 1'000'000};
    if (!stopped) ::sigtimedwait(&child, nullptr, &limit);
  } while (!stopped && left(end) > 0ms);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return stopped;
}

int Terminal::wait(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    std::array<pollfd, 2> polled{{{pidfd_.get(), POLLIN, 0}, {master_.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(left(end).count())) <= 0) break;
    if (polled[1].revents != 0) read_more(0ms);
    if (polled[0].revents != 0) break;
  }
  while (read_more(0ms)) {
  }
  if (!gone_within(pidfd_, 0ms)) send(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace clawbox::test
