// openat2(2), Linux 5.6: opens a path and says how far the kernel may go to find it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// `flags` are those of open(2); O_CLOEXEC is added; `mode` counts with O_CREAT and O_TMPFILE. `resolve` are the
/// RESOLVE_ bits of <linux/openat2.h>. Empty when the kernel refuses, with errno as it left it: absent (ENOENT), a link
/// in the way (ELOOP), outside (EXDEV).
OwnedFd try_openat2(int directory, const std::string& path, uint64_t flags, uint64_t resolve, mode_t mode = 0);

}  // namespace clawbox::sys
