#include "sys/seccomp_listener.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/error.h"

// The build machine's headers may be older than the kernel that runs.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

namespace clawbox::sys {
namespace {

void send(const OwnedFd& listener, seccomp_notif_resp& answer) {
  if (::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT)
    throw_errno("answering a seccomp listener's call");
}

}  // namespace

OwnedFd install_listening_filter(std::span<const sock_filter> filter, ListenerMode mode) {
  // The kernel copies the program; sock_fprog lacks only the const.
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  if (mode == ListenerMode::kWaitKillable) flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (fd < 0) throw_errno("installing a seccomp filter with a listener");
  return OwnedFd(static_cast<int>(fd));
}

void set_sync_wake_up(const OwnedFd& listener) {
  if (::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0)
    throw_errno("setting SYNC_WAKE_UP on a seccomp listener");
}

std::optional<TrappedCall> receive_call(const OwnedFd& listener) {
  while (true) {
    seccomp_notif call{};  // the kernel takes only a zeroed one
    if (::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
      TrappedCall trapped{call.id, static_cast<pid_t>(call.pid), call.data.nr, {}};
      std::copy(std::begin(call.data.args), std::end(call.data.args), trapped.arguments.begin());
      return trapped;
    }
    if (errno == ENOENT) return std::nullopt;
    if (errno != EINTR) throw_errno("receiving from a seccomp listener");
  }
}

bool still_waits(const OwnedFd& listener, uint64_t id) {
  return ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void answer_with_error(const OwnedFd& listener, uint64_t id, int error) {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.error = -error;
  send(listener, answer);
}

void let_through(const OwnedFd& listener, uint64_t id) {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  send(listener, answer);
}

}  // namespace clawbox::sys
