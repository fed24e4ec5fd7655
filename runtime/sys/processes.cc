#include "sys/processes.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

extern "C" {
#include <grp.h>
}

namespace clawbox::sys {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

using namespace std::chrono_literals;

constexpr auto kLongestEnd = 5s;

constexpr auto kPidfd = static_cast<idtype_t>(3);  // P_PIDFD, Linux 5.4

constexpr const char* kShell = "/bin/sh";

struct Found {
  std::string path;
  int error = 0;
};

bool is_program(const std::string& path) {
  struct stat status {};
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0 || ::stat(path.c_str(), &status) != 0) return false;
  if (S_ISREG(status.st_mode)) return true;
  errno = EACCES;  // as execve(2) says of a directory
  return false;
}

Found find_program(const std::string& name, std::string_view directories) {
  if (name.find('/') != std::string::npos) return {name, 0};
  Found found{name, ENOENT};
  for (std::size_t at = 0; at <= directories.size() && !name.empty();) {
    const std::size_t end = std::min(directories.find(':', at), directories.size());
    const std::string_view directory = directories.substr(at, end - at);
    at = end + 1;
    const std::string path = fmt::format("{}/{}", directory.empty() ? "." : directory, name);
    if (is_program(path)) return {path, 0};
    if (errno == EACCES) found.error = EACCES;  // told if no later directory has it, as execvp(3) does
  }
  return found;
}

std::string_view search_path_in(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment)
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  return "/bin:/usr/bin";
}

}  // namespace

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  return *this;
}

Process::~Process() {
  if (pid_ == 0) return;
  // Waiting could be for ever: it may not be ours to kill, or held in the kernel by a file system that does not answer.
  // Whoever reaps our children gets it then.
  if (kill() && ended_within(kLongestEnd)) ::waitid(kPidfd, static_cast<id_t>(pidfd_.get()), nullptr, WEXITED);
}

bool Process::ended() const { return ended_within(0ms); }

bool Process::ended_within(std::chrono::milliseconds time) const {
  pollfd poll{pidfd_.get(), POLLIN, 0};
  return ::poll(&poll, 1, static_cast<int>(time.count())) == 1;
}

Ending Process::wait() {
  siginfo_t info{};
  while (::waitid(kPidfd, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0)
    if (errno != EINTR) throw_errno("waiting for a process");
  pid_ = 0;
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {0, info.si_status};
}

bool Process::kill() {
  return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0) == 0 || errno == ESRCH;
}

void exit_alone(int status) {
  while (true) ::syscall(SYS_exit, status);
}

Clone clone_into(uint64_t namespaces, const OwnedFd& cgroup) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = namespaces | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (cgroup) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(cgroup.get());
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw_errno("clone3");
  return {static_cast<pid_t>(pid), OwnedFd(pid == 0 ? -1 : pidfd)};
}

pid_t fork() {
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork");
  return pid;
}

Ending wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw_errno("waiting for a child");
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

void unshare(int namespaces) {
  if (::unshare(namespaces) < 0) throw_errno("unshare");
}

void die_with_parent() {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) throw_errno("PR_SET_PDEATHSIG");
}

void set_dumpable(Dumpable dumpable) {
  if (::prctl(PR_SET_DUMPABLE, static_cast<int>(dumpable)) < 0) throw_errno("PR_SET_DUMPABLE");
}

void rename_process(const char* name) {
  ::prctl(PR_SET_NAME, name);
  char* const start = program_invocation_name;  // argv[0]; the kernel lays argv and the environment out in one piece
  const std::size_t room =
      environ != nullptr && environ[0] > start ? static_cast<std::size_t>(environ[0] - start) : std::strlen(start) + 1;
  std::memset(start, 0, room);
  std::strncpy(start, name, room - 1);
}

void new_session() {
  if (::setsid() < 0) throw_errno("setsid");
}

void set_hostname(const std::string& name) {
  if (::sethostname(name.data(), name.size()) < 0) throw_errno("setting the host name");
}

// The raw calls: glibc's wrappers signal every thread it believes in, and after clone3 its belief is stale.
void become(uid_t uid, gid_t gid) {
  if (::syscall(SYS_setresgid, gid, gid, gid) < 0) throw_errno("setresgid {}", gid);
  if (::syscall(SYS_setresuid, uid, uid, uid) < 0) throw_errno("setresuid {}", uid);
}

void drop_groups() {
  if (::syscall(SYS_setgroups, 0, nullptr) < 0) throw_errno("setgroups");
}

void set_limit(int resource, uint64_t soft_and_hard) {
  const rlimit limit{soft_and_hard, soft_and_hard};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) < 0) throw_errno("setrlimit {}", resource);
}

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0u, 0) < 0) throw_errno("close_range");
}

void reset_signals() {
  // SIGKILL, SIGSTOP and the C library's own two refuse, and need nothing.
  for (int number = 1; number < NSIG; ++number) static_cast<void>(::signal(number, SIG_DFL));
  unblock_signals();
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

ExecWords::ExecWords(std::vector<std::string> argv, std::vector<std::string> environment)
    : argv_(std::move(argv)), environment_(std::move(environment)) {
  const Found found = find_program(argv_.front(), search_path_in(environment_));
  program_ = found.path;
  error_ = found.error;
  arguments_ = pointers(argv_);
  variables_ = pointers(environment_);
  script_arguments_ = arguments_;
  script_arguments_.insert(script_arguments_.begin(), const_cast<char*>(kShell));
  script_arguments_[1] = program_.data();
}

int exec(const ExecWords& words) {
  if (words.error_ != 0) return words.error_;
  ::execve(words.program_.c_str(), words.arguments_.data(), words.variables_.data());
  if (errno != ENOEXEC) return errno;
  ::execve(kShell, words.script_arguments_.data(), words.variables_.data());
  return errno;
}

BlockedSignals::BlockedSignals() {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before_);
}

BlockedSignals::~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

std::optional<Reaped> reap_one() {
  int status = 0;
  Reaped reaped;
  reaped.pid = ::wait4(-1, &status, WNOHANG | WUNTRACED, &reaped.usage);
  if (reaped.pid <= 0) return std::nullopt;
  if (WIFSTOPPED(status)) reaped.stop_signal = WSTOPSIG(status);
  if (WIFSIGNALED(status)) reaped.ending.signal = WTERMSIG(status);
  if (WIFEXITED(status)) reaped.ending.status = WEXITSTATUS(status);
  return reaped;
}

rusage usage_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return usage;
}

}  // namespace clawbox::sys
