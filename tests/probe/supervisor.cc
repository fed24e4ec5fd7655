#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "probe/check.h"

namespace probe {
namespace {

Result init_takes_no_signals(const Planted&) {
  const std::string caught = status_field(read_text("/proc/1/status"), "SigCgt");
  if (::kill(1, 0) < 0 || caught.find_first_not_of('0') == std::string::npos) return holds();
  return open_because("pid 1 catches signals: " + caught);
}

// The tracer's end detaches. Seizing a child of our own is the control: where even that fails, nothing is shown.
Result init_not_traceable(const Planted&) {
  const int code = errno_in_child([]() -> long { return ::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr); });
  if (code == 0) return open_because("pid 1 could be traced");
  return holds();
}

Result init_is_confined(const Planted&) {
  const std::string status = read_text("/proc/1/status");
  if (status.empty()) return holds();
  for (const char* name : {"CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"})
    if (status_field(status, name).find_first_not_of('0') != std::string::npos)
      return open_because(std::string("pid 1 has ") + name + " " + status_field(status, name));
  return status_field(status, "Seccomp") == "2" ? holds() : open_because("pid 1 has no filter");
}

/// The pid of an orphan that ends when `release` is closed.
pid_t make_orphan(int report, int release_read, int release_write) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t orphan = ::fork();
    if (orphan == 0) {
      char byte = 0;
      ::close(release_write);
      if (::read(release_read, &byte, 1) >= 0) ::_exit(0);
      ::_exit(1);
    }
    ::_exit(::write(report, &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
  }
  pid_t orphan = -1;
  ::waitpid(parent, nullptr, 0);
  return orphan;
}

Result orphans_reaped(const Planted&) {
  int report[2], release[2];
  if (::pipe2(report, O_CLOEXEC) < 0 || ::pipe2(release, O_CLOEXEC) < 0) return not_applicable("no pipe");
  make_orphan(report[1], release[0], release[1]);
  pid_t orphan = -1;
  if (::read(report[0], &orphan, sizeof orphan) != sizeof orphan) return not_applicable("no orphan could be made");
  ::close(release[1]);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (::kill(orphan, 0) == 0) {
    if (std::chrono::steady_clock::now() > end) return open_because("an orphan stays a zombie");
    ::sched_yield();
  }
  return holds();
}

// A parent of 0 or 1 is outside this namespace, or its init; kill(0) would mean our own group.
Result launcher_not_signallable(const Planted& planted) {
  const pid_t parent = ::getppid();
  if (parent <= 1 && differs_from_host(planted, "pid").verdict != Verdict::kOpen) return holds();
  const std::string name = read_text("/proc/" + std::to_string(parent) + "/status");
  if (status_field(name, "NSpid") == "2") return holds();
  return parent > 0 && ::kill(parent, 0) == 0 ? open_because("the launcher could be signalled") : holds();
}

Result control_socket_unreachable(const Planted& planted) {
  const auto path = fact(planted, "control_socket");
  if (!path) return not_applicable("no socket was planted");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path->c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
  return failed(result, "connected to " + *path);
}

Result state_unreachable(const Planted& planted) {
  const auto directory = fact(planted, "state_dir");
  if (!directory) return not_applicable("no state directory was planted");
  const std::string path = *directory + "/clawbox-probe-file";
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return names_in(*directory).empty() ? holds() : open_because("lists " + *directory);
  ::close(fd);
  ::unlink(path.c_str());
  return open_because("made and removed a file in " + *directory);
}

constexpr Check kChecks[] = {
    {"SV01", "pid 1 inside cannot be signalled into action", init_takes_no_signals},
    {"SV02", "pid 1 inside cannot be traced", init_not_traceable},
    {"SV03", "pid 1 inside has the filter and no capabilities", init_is_confined},
    {"SV04", "orphans are reaped", orphans_reaped},
    {"SV05", "the launcher cannot be signalled", launcher_not_signallable},
    {"SV06", "the control socket is out of reach", control_socket_unreachable},
    {"SV07", "the state directory is out of reach", state_unreachable},
};

}  // namespace

std::span<const Check> supervisor_checks() { return kChecks; }

}  // namespace probe
