#include "sys/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace clawbox::sys {

void install_filter(std::span<const sock_filter> filter) {
  // The kernel copies the program; sock_fprog lacks only the const.
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    throw_errno("installing a seccomp filter of {} instructions", filter.size());
}

}  // namespace clawbox::sys
