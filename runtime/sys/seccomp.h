// seccomp(2), Linux 3.17: a filter is forever, and every child inherits it.
#pragma once

#include <linux/filter.h>

#include <span>

namespace clawbox::sys {

/// SECCOMP_SET_MODE_FILTER for the calling thread. Needs no_new_privs (or CAP_SYS_ADMIN in the user namespace).
/// Allocates only to say why it failed.
void install_filter(std::span<const sock_filter> filter);

}  // namespace clawbox::sys
