// Landlock's system calls (man 7 landlock; Linux 5.13, each ABI number with the kernel that brought it).
//
// The build machine's headers may be older than the kernel that runs, so the younger constants are defined here.
#pragma once

#include <linux/landlock.h>

#include <cstdint>

#include "base/owned_fd.h"

namespace clawbox::sys {

inline constexpr uint64_t kLandlockRefer = 1ULL << 13;        // ABI 2, Linux 5.19: rename and link across directories
inline constexpr uint64_t kLandlockTruncate = 1ULL << 14;     // ABI 3, Linux 6.2
inline constexpr uint64_t kLandlockIoctlDevice = 1ULL << 15;  // ABI 5, Linux 6.10
inline constexpr uint64_t kLandlockScopeAbstractSocket = 1ULL << 0;  // ABI 6, Linux 6.12
inline constexpr uint64_t kLandlockScopeSignal = 1ULL << 1;          // ABI 6, Linux 6.12

/// landlock_ruleset_attr as of ABI 6. Older kernels take the longer structure while what they do not know is 0.
struct LandlockHandled {
  uint64_t access_fs = 0;
  uint64_t access_net = 0;  // ABI 4, Linux 6.7
  uint64_t scoped = 0;
};

/// 0: the kernel was built without, or started without, Landlock.
int landlock_abi();
OwnedFd landlock_ruleset(const LandlockHandled& handled);
/// `beneath`: an O_PATH descriptor. A file takes only rights that files have, else EINVAL.
void landlock_allow(const OwnedFd& ruleset, const OwnedFd& beneath, uint64_t access);
/// The calling thread and its children, for ever. Needs no_new_privs.
void landlock_restrict_self(const OwnedFd& ruleset);

}  // namespace clawbox::sys
