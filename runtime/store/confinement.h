// What the file server gives up before it reads the first request: a program of the sandbox chose every name in it.
//
// Left to it: files below the one directory (Landlock, where there is one), the calls of server_calls(), and of the
// capabilities of the session's user namespace those that make a file server one: to open what the kernel's permission
// check has let through, and to give files owners of the namespace. No programs, no network, no core dump.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::store {

/// What the caller compiles, as seccomp/ is no neighbour: each filter in the order of loading.
SyscallPolicy server_calls();
using Filters = std::vector<std::vector<sock_filter>>;

/// Of the process that looks at what a session writes: it reads directories, and what /proc says of processes.
SyscallPolicy watcher_calls();

/// The calling process, for ever. `below`: the backing directory.
void confine_server(const OwnedFd& below, const Filters& filters);
/// Without Landlock, which would keep /proc of the session's processes from it.
void confine_watcher(const Filters& filters);

}  // namespace clawbox::store
