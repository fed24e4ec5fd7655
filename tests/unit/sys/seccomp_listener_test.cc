#include "sys/seccomp_listener.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

#include "base/error.h"
#include "support/catch.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "sys/channel.h"
#include "sys/privileges.h"

using namespace clawbox;
using sys::ListenerMode;

namespace {

constexpr int kAnswer = EXDEV;  // nothing but the listener gives it
constexpr int kLooks = 2000;

std::array<sock_filter, 4> filter_telling_of(long call) {
  return {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1),
           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
}

/// A child of which the listener tells one call. It does its `act` and tells what came of it.
class Child {
 public:
  Child(long call, ListenerMode mode, const std::function<int()>& act) {
    sys::Channel ends = sys::make_channel();
    pid_ = ::fork();
    if (pid_ == 0) {
      ends.one.reset();
      live(ends.other, call, mode, act);
    }
    ends.other.reset();
    channel_ = std::move(ends.one);
    int error = 0;
    auto first = sys::receive_packet(channel_, std::as_writable_bytes(std::span(&error, 1)));
    if (first && !first->descriptors.empty()) listener = std::move(first->descriptors.front());
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  OwnedFd listener;  // none: the kernel refused the filter

  pid_t pid() const { return pid_; }
  int result() const {
    int value = -1;
    sys::receive_packet(channel_, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

 private:
  [[noreturn]] static void live(const OwnedFd& channel, long call, ListenerMode mode, const std::function<int()>& act) {
    const int none = 0;
    try {
      sys::set_no_new_privileges();
      OwnedFd listener = sys::install_listening_filter(filter_telling_of(call), mode);
      sys::send_packet(channel, std::as_bytes(std::span(&none, 1)), std::array{listener.get()});
      listener.reset();
      const int result = act();
      sys::send_packet(channel, std::as_bytes(std::span(&result, 1)));
    } catch (const SysError&) {
      sys::send_packet(channel, std::as_bytes(std::span(&none, 1)));
    }
    ::_exit(0);
  }

  pid_t pid_ = 0;
  OwnedFd channel_;
};

/// getppid(2), with a handler of SIGUSR1: errno of the call.
std::function<int()> asking_with_handler(int flags) {
  return [flags] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = flags;
    ::sigaction(SIGUSR1, &action, nullptr);
    return ::syscall(SYS_getppid) < 0 ? errno : 0;
  };
}

int failed_exec() {
  std::array<char*, 1> none{};
  ::execve("/bin/true", none.data(), none.data());
  return errno;
}

bool has_pending(pid_t pid, int signal) {
  const std::string status = test::read_file("/proc/" + std::to_string(pid) + "/status");
  const std::string mask = status.substr(status.find("ShdPnd:") + 7, 18);
  return (std::stoull(mask, nullptr, 16) & (1ULL << (signal - 1))) != 0;
}

}  // namespace

TEST_CASE("a call that was received is not ended by a signal, where the kernel can wait so") {
  const Child child(SYS_getppid, ListenerMode::kWaitKillable, asking_with_handler(0));
  if (!child.listener) return test::skip("kernel: no WAIT_KILLABLE_RECV, which Linux has since 5.19");
  const auto call = sys::receive_call(child.listener);
  REQUIRE(call);
  ::kill(child.pid(), SIGUSR1);
  for (int i = 0; i < kLooks; ++i) {
    if (!has_pending(child.pid(), SIGUSR1)) FAIL("the signal has ended the wait");
    ::sched_yield();
  }
  CHECK(sys::still_waits(child.listener, call->id));
  sys::answer_with_error(child.listener, call->id, kAnswer);
  CHECK(child.result() == kAnswer);
}

TEST_CASE("without that flag a signal ends the call, or has it made again") {
  const Child ended(SYS_getppid, ListenerMode::kPlain, asking_with_handler(0));
  REQUIRE(ended.listener);
  REQUIRE(sys::receive_call(ended.listener));
  ::kill(ended.pid(), SIGUSR1);
  CHECK(ended.result() == EINTR);  // nobody has answered

  const Child again(SYS_getppid, ListenerMode::kPlain, asking_with_handler(SA_RESTART));
  const auto first = sys::receive_call(again.listener);
  ::kill(again.pid(), SIGUSR1);
  const auto second = sys::receive_call(again.listener);
  REQUIRE((first && second));
  CHECK(first->id != second->id);
  CHECK_FALSE(sys::still_waits(again.listener, first->id));
  sys::answer_with_error(again.listener, second->id, kAnswer);
  CHECK(again.result() == kAnswer);
}

TEST_CASE("a listener wakes up in turn where the kernel can, and refuses a flag that it does not know") {
  const Child child(SYS_getppid, ListenerMode::kPlain, asking_with_handler(0));
  REQUIRE(child.listener);
  constexpr unsigned long kSetFlags = SECCOMP_IOW(4, __u64);  // SECCOMP_IOCTL_NOTIF_SET_FLAGS of newer headers
  CHECK(::ioctl(child.listener.get(), kSetFlags, 1UL << 1) < 0);
  try {
    sys::set_sync_wake_up(child.listener);
  } catch (const SysError& error) {
    CHECK(error.code() == EINVAL);
    return test::skip("kernel: no SYNC_WAKE_UP, which Linux has since 6.6");
  }
  const auto call = sys::receive_call(child.listener);
  REQUIRE(call);
  sys::answer_with_error(child.listener, call->id, kAnswer);
  CHECK(child.result() == kAnswer);
}

#ifdef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
static_assert(SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP == 1UL && SECCOMP_IOCTL_NOTIF_SET_FLAGS == SECCOMP_IOW(4, __u64));
#endif
#ifdef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
static_assert(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV == 1UL << 5);
#endif

TEST_CASE("when the listener's only holder lets go, the exec that waits answers ENOSYS, and each one after it") {
  Child child(SYS_execve, ListenerMode::kPlain,
              [] { return failed_exec() == ENOSYS && failed_exec() == ENOSYS ? 7 : 8; });
  REQUIRE(child.listener);
  REQUIRE(sys::receive_call(child.listener));
  child.listener.reset();
  CHECK(child.result() == 7);
}

TEST_CASE("an exec that is let through happens") {
  const Child child(SYS_execve, ListenerMode::kPlain, failed_exec);
  REQUIRE(child.listener);
  const auto call = sys::receive_call(child.listener);
  REQUIRE(call);
  sys::let_through(child.listener, call->id);
  CHECK(child.result() == -1);  // end-of-file: nobody is left who could tell of a failure
}
