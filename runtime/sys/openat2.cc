#include "sys/openat2.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace clawbox::sys {

OwnedFd try_openat2(int directory, const std::string& path, uint64_t flags, uint64_t resolve, mode_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;  // refused by the kernel unless something is made
  how.resolve = resolve;
  // EAGAIN: something was renamed or mounted while the kernel proved that the path stays below; a few tries are enough.
  for (int tries = 0; tries < 128; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (fd >= 0) return OwnedFd(static_cast<int>(fd));
    if ((errno != EAGAIN && errno != EINTR) || (resolve & RESOLVE_CACHED) != 0) break;  // cached: EAGAIN is the answer
  }
  return OwnedFd();
}

}  // namespace clawbox::sys
