// Files that have lost their names and that processes still have open: no walk finds them, and they take their room all
// the same. Found by the descriptors of the processes, proc_pid_fd(5).
//
// Not found: what only a mapping holds, or a message in flight, or a thread with descriptors of its own, and what a
// process has open that may not be traced.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace clawbox::store {

/// Bytes of those that `root` and its descendants have open and that are on the device or on an overlay.
uint64_t unlinked_bytes(pid_t root, dev_t device);

}  // namespace clawbox::store
