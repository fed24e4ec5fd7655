// What a process can do to itself for good: seccomp filters and listeners, Landlock.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "base/error.h"
#include "seccomp/landlock.h"
#include "session/probes.h"
#include "sys/files.h"
#include "sys/landlock.h"
#include "sys/privileges.h"
#include "sys/processes.h"
#include "sys/seccomp.h"
#include "sys/seccomp_listener.h"

namespace clawbox::session {
namespace {

constexpr int kOddError = EXFULL;  // nothing else answers getpgid(0) with it

/// `action` for getpgid, which nothing here needs; everything else passes.
std::array<sock_filter, 4> filter_of_getpgid(uint32_t action) {
  return {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1), BPF_STMT(BPF_RET | BPF_K, action),
           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
}

bool getpgid_is_trapped() { return ::syscall(SYS_getpgid, 0) < 0 && errno == kOddError; }

OwnedFd listen_to_getpgid(sys::ListenerMode mode) {
  sys::set_no_new_privileges();
  return sys::install_listening_filter(filter_of_getpgid(SECCOMP_RET_USER_NOTIF), mode);
}

/// A child makes the call, we answer it: the whole way, as the supervisor goes it.
void require_round_trip(const OwnedFd& listener) {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) ::_exit(getpgid_is_trapped() ? 0 : 1);
  sys::Process caller(clone.pid, std::move(clone.pidfd));
  const auto call = sys::receive_call(listener);
  if (call) sys::answer_with_error(listener, call->id, kOddError);
  if (caller.wait().status != 0) throw_sys_error(EPROTO, "answering a call through a seccomp listener");
}

Attempt with_busy_listener(Attempt attempt) {
  if (attempt.works || attempt.found.find(::strerrordesc_np(EBUSY)) == std::string::npos) return attempt;
  attempt.found += "; another program's listener is above this process (a sandbox, a container engine, WSL)";
  attempt.remedy = "start clawbox outside of that program";
  return attempt;
}

std::string coverage(int abi) {
  constexpr std::array kAdds{"files",         "moves between directories",    "truncation", "TCP ports",
                             "device ioctls", "abstract sockets and signals", "audit"};
  std::string text = fmt::format("ABI {}: ", abi);
  for (std::size_t i = 0; i < kAdds.size() && i < static_cast<std::size_t>(abi); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", kAdds[i]);
  return text;
}

}  // namespace

Attempt try_seccomp_filter(const plan::Host&) {
  return in_child([] {
    sys::set_no_new_privileges();
    sys::install_filter(filter_of_getpgid(SECCOMP_RET_ERRNO | kOddError));
    if (!getpgid_is_trapped()) throw_sys_error(EPROTO, "refusing a call by a seccomp filter");
    return "a filter refuses a call";
  });
}

Attempt try_seccomp_listener(const plan::Host&) {
  return with_busy_listener(in_child([] {
    require_round_trip(listen_to_getpgid(sys::ListenerMode::kPlain));
    return "a call is received and answered";
  }));
}

Attempt try_wait_killable(const plan::Host&) {
  return with_busy_listener(in_child([] {
    require_round_trip(listen_to_getpgid(sys::ListenerMode::kWaitKillable));
    return "WAIT_KILLABLE_RECV";
  }));
}

Attempt try_sync_wake_up(const plan::Host&) {
  return with_busy_listener(in_child([] {
    const OwnedFd listener = listen_to_getpgid(sys::ListenerMode::kPlain);
    sys::set_sync_wake_up(listener);
    require_round_trip(listener);
    return "SYNC_WAKE_UP";
  }));
}

Attempt try_landlock(const plan::Host&) {
  return in_child([]() -> std::string {
    const int abi = sys::landlock_abi();
    if (abi == 0) throw_sys_error(EOPNOTSUPP, "asking for Landlock");
    if (landlock::usable_abi() == 0)
      throw Error(ExitStatus::kFeatureMissing, fmt::format("the kernel offers ABI {}, which is too old", abi));
    sys::set_no_new_privileges();
    sys::landlock_restrict_self(sys::landlock_ruleset({.access_fs = LANDLOCK_ACCESS_FS_READ_FILE}));
    if (::open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0)
      throw_sys_error(EPROTO, "being refused a file by Landlock");
    return coverage(abi);
  });
}

}  // namespace clawbox::session
