// The words of a command on their way to pid 1: a sealed file in memory, since argv may be larger than any packet and
// must not be seen by ps(1). memfd_create(2).
#pragma once

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::launch {

OwnedFd as_file(const Command& command);
/// Throws SysError(EPROTO) for anything that as_file did not write.
Command command_in(const OwnedFd& file);

}  // namespace clawbox::launch
