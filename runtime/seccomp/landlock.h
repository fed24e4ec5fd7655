// Landlock as a second fence: should a mount turn out writable that ought not to be, writing there is refused still.
//
// Everything visible can be read and executed; writing, making, renaming and removing need a path of the plan. /dev and
// /proc take writes always (terminals, /dev/shm, /proc/self/oom_score_adj): there the mounts and the kernel decide.
// Does not cover: what was opened before, chmod, chown, utime, xattr, stat, network. Signals and abstract sockets stay
// within the domain from ABI 6, Linux 6.12, on; two commands that each restrict themselves cannot signal each other.
#pragma once

#include "plan/plan.h"

namespace clawbox::landlock {

/// The kernel's ABI, 0 where it cannot be used. ABI 1 cannot: it refuses every rename between directories.
int usable_abi();

/// Confines the calling thread, for ever; nothing with Fence::kOff. Needs no_new_privs. The plan asks for it only where
/// usable_abi() is not 0; else, or if a writable path is not there, this throws.
void restrict_self(const Landlock& plan);

}  // namespace clawbox::landlock
