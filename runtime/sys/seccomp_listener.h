// A seccomp filter with a listener: man 2 seccomp_unotify, Linux 5.0. One listener per tree of processes: EBUSY where a
// filter above has one already. A listener logs and asks; what it reads through pointers is hearsay.
#pragma once

#include <linux/filter.h>

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
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

struct TrappedCall {
  uint64_t id = 0;   // what the answers take
  pid_t thread = 0;  // as the caller of receive_call counts processes; 0: not visible from there
  int number = 0;
  std::array<uint64_t, 6> arguments{};
};
/// Waits for one call. Nothing: the one that made it has been killed meanwhile.
std::optional<TrappedCall> receive_call(const OwnedFd& listener);
/// Is it still the same thread that waits? What was read of it before this said so was read of it.
bool still_waits(const OwnedFd& listener, uint64_t id);
/// One that has been killed meanwhile needs no answer: both take that for done.
void answer_with_error(const OwnedFd& listener, uint64_t id, int error);
/// The kernel makes the call, with whatever its pointers point at by then.
void let_through(const OwnedFd& listener, uint64_t id);

}  // namespace clawbox::sys
