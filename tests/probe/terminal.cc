#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sstream>

#include "probe/check.h"

namespace probe {
namespace {

constexpr unsigned long kTioclinux = 0x541C;
constexpr unsigned long kHighBits = 1UL << 32;

/// Fields of /proc/self/stat after the name: index 0 is the state, 4 the terminal's device number.
std::string stat_field(std::size_t index) {
  const std::string text = read_text("/proc/self/stat");
  std::istringstream words(text.substr(text.rfind(')') + 2));
  std::string word;
  for (std::size_t at = 0; at <= index; ++at) words >> word;
  return word;
}

Result terminal_not_shared(const Planted& planted) {
  const auto terminal = fact(planted, "terminal_device");
  if (!terminal) return not_applicable("not started on a terminal");
  // Each devpts numbers its own terminals, so the number may be equal by chance: the file systems must differ then.
  struct stat facts {};
  const auto pts = fact(planted, "pts_device");
  const bool own_pts = pts && ::stat("/dev/pts", &facts) == 0 && std::to_string(facts.st_dev) != *pts;
  if (stat_field(4) == *terminal && !own_pts) return open_because("the controlling terminal is the host's");
  return holds();
}

Result own_session(const Planted&) {
  return ::getsid(0) > 0 && ::getpgid(0) > 0 ? holds() : open_because("the session or group is led from outside");
}

/// errno of `request` with a null argument on a terminal of one's own, which the caller controls: nothing is injected.
int errno_on_own_terminal(unsigned long request) {
  return in_child([request] {
           const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
           if (master < 0 || ::grantpt(master) < 0 || ::unlockpt(master) < 0) return 254;
           ::setsid();
           const int terminal = ::open(::ptsname(master), O_RDWR);
           if (terminal < 0) return 254;
           ::ioctl(terminal, TIOCSCTTY, 0);
           return ::syscall(SYS_ioctl, terminal, request, nullptr) < 0 ? errno : 0;
         })
      .exit;
}

Result refused_by_the_filter(unsigned long request) {
  const int code = errno_on_own_terminal(request);
  if (code == 254) return not_applicable("no terminal could be made");
  if (code == EPERM || code == EACCES) return holds();
  return open_because("the request reached the kernel, errno " + std::to_string(code));
}

Result injection_refused(const Planted&) { return refused_by_the_filter(TIOCSTI); }
Result injection_refused_with_high_bits(const Planted&) { return refused_by_the_filter(kHighBits | TIOCSTI); }

Result console_requests_refused(const Planted&) {
  return all({refused_by_the_filter(kTioclinux), refused_by_the_filter(kHighBits | kTioclinux)});
}

Result standard_descriptors_not_the_hosts(const Planted& planted) {
  const auto terminal = fact(planted, "terminal_inode");
  if (!terminal) return not_applicable("not started on a terminal");
  for (int fd = 0; fd < 3; ++fd) {
    struct stat facts {};
    if (::fstat(fd, &facts) == 0 && std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino) == *terminal)
      return open_because("descriptor " + std::to_string(fd) + " is the host's terminal");
  }
  return holds();
}

Result own_pts(const Planted& planted) {
  const auto host = fact(planted, "pts_device");
  struct stat facts {};
  if (!host) return not_applicable("the host's /dev/pts was not told");
  if (::stat("/dev/pts", &facts) < 0) return holds();
  return std::to_string(facts.st_dev) == *host ? open_because("/dev/pts is the host's") : holds();
}

constexpr Check kChecks[] = {
    {"TT01", "no controlling terminal is shared with outside", terminal_not_shared},
    {"TT02", "session and process group are its own", own_session},
    {"TT03", "TIOCSTI is refused", injection_refused},
    {"TT04", "TIOCSTI is refused with high bits set", injection_refused_with_high_bits},
    {"TT05", "TIOCLINUX is refused", console_requests_refused},
    {"TT06", "0, 1 and 2 are not the host's terminal", standard_descriptors_not_the_hosts},
    {"TT07", "/dev/pts is its own", own_pts},
};

}  // namespace

std::span<const Check> terminal_checks() { return kChecks; }

}  // namespace probe
