// A seccomp filter with a listener: man 2 seccomp_unotify, Linux 5.0. One listener per tree of processes: EBUSY where a
// filter above has one already. A listener logs and asks; what it reads through pointers is hearsay.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>

#include "base/owned_fd.h"

namespace clawbox::sys {

enum class ListenerMode {
  kPlain,
  kWaitKillable,  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19: a call that was received is not restarted by
                  // signals
};

/// As install_filter; the descriptor is where SECCOMP_RET_USER_NOTIF calls arrive.
OwnedFd install_listening_filter(std::span<const sock_filter> filter, ListenerMode mode);
/// SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6: the two sides run in turn on one processor.
void set_sync_wake_up(const OwnedFd& listener);

/// Waits for one call; the id is what answer_with_error takes.
struct TrappedCall {
  uint64_t id = 0;
  int number = 0;
};
TrappedCall receive_call(const OwnedFd& listener);
void answer_with_error(const OwnedFd& listener, uint64_t id, int error);

}  // namespace clawbox::sys
