// A process of our own for work that may never end, because a file system gives no answer. It has none of our
// descriptors but its end of a channel: one whom the kernel holds in such a wait, a SIGKILL pending, holds no lock of
// ours and no pipe of the caller's open. It ends with us.
#pragma once

#include <functional>

#include "base/owned_fd.h"
#include "sys/processes.h"

namespace clawbox::sys {

struct Helper {
  Process process;
  OwnedFd channel;  // sys/channel.h; end-of-file when the work has ended, however it ended
};
/// `work` has descriptors 0 to 2 at /dev/null, default signals, all of our memory and our privileges. It may throw:
/// then, too, it has just ended.
Helper start_helper(const std::function<void(OwnedFd channel)>& work);
/// Kills it and does not wait for it; init reaps it when we are gone.
void abandon(Helper helper);

}  // namespace clawbox::sys
