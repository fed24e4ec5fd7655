#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/check.h"

namespace probe {
namespace {

Result nothing_inherited(const Planted&) {
  for (int fd = 3; fd < 4096; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) return open_because("descriptor " + std::to_string(fd) + " is open");
  return holds();
}

Result no_host_directory(const Planted&) {
  for (int fd = 0; fd < 4096; ++fd) {
    const int parent = ::openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) continue;
    ::close(parent);
    return open_because("descriptor " + std::to_string(fd) + " is a directory");
  }
  return holds();
}

// A descriptor that was given read-only must not become a writable one through its magic link.
Result standard_files_not_reopened(const Planted&) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat facts {};
    if (::fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode)) continue;
    const bool writable = (::fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    if (!writable && can_open("/proc/self/fd/" + std::to_string(fd), O_WRONLY))
      return open_because("reopened descriptor " + std::to_string(fd) + " for writing");
  }
  return holds();
}

Result standard_descriptors_open(const Planted&) {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) return open_because("descriptor " + std::to_string(fd) + " is closed");
  return holds();
}

constexpr Check kChecks[] = {
    {"FD01", "no descriptor above 2 is inherited", nothing_inherited},
    {"FD02", "no descriptor is a directory of the host", no_host_directory},
    {"FD03", "standard descriptors cannot be reopened for more", standard_files_not_reopened},
    {"FD04", "0, 1 and 2 are open", standard_descriptors_open},
};

}  // namespace

std::span<const Check> fd_checks() { return kChecks; }

}  // namespace probe
