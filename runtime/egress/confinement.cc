#include "egress/confinement.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "sys/files.h"
#include "sys/landlock.h"
#include "sys/privileges.h"
#include "sys/processes.h"
#include "sys/seccomp.h"

namespace clawbox::egress {
namespace {

constexpr uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/// Every right that this kernel's Landlock knows.
uint64_t all_rights(int abi) {
  uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) rights |= sys::kLandlockRefer;
  if (abi >= 3) rights |= sys::kLandlockTruncate;
  if (abi >= 5) rights |= sys::kLandlockIoctlDevice;
  return rights;
}

void fence(uint64_t allowed_everywhere) {
  const int abi = sys::landlock_abi();
  if (abi < 1) return;
  sys::LandlockHandled handled{.access_fs = all_rights(abi)};
  if (abi >= 6) handled.scoped = sys::kLandlockScopeSignal;
  const OwnedFd ruleset = sys::landlock_ruleset(handled);
  if (allowed_everywhere != 0)
    sys::landlock_allow(ruleset, sys::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), allowed_everywhere);
  sys::landlock_restrict_self(ruleset);
}

void allow(SyscallPolicy& policy, std::initializer_list<const char*> calls) {
  for (const char* call : calls) policy.allow.push_back({.call = call});
}

/// sigaltstack: AddressSanitizer asks for it at each exception.
void allow_memory(SyscallPolicy& policy) {
  allow(policy, {"munmap", "brk", "mremap", "madvise", "futex", "getrandom", "exit_group", "exit", "rt_sigreturn",
                 "rt_sigprocmask", "sigaltstack", "gettid", "getpid", "tgkill", "clock_gettime", "restart_syscall"});
}

void allow_families(SyscallPolicy& policy, std::initializer_list<int> families) {
  for (const int family : families)
    policy.allow.push_back(
        {.call = "socket", .tests = {{.index = 0, .mask = 0xFFFFFFFF, .equals = static_cast<uint64_t>(family)}}});
}

}  // namespace

SyscallPolicy relay_calls() {
  SyscallPolicy policy;
  allow_memory(policy);
  allow(policy, {"read",        "write",           "close",  "recvfrom", "recvmsg",  "sendto",      "sendmsg",
                 "accept4",     "connect",         "bind",   "listen",   "shutdown", "getsockname", "getpeername",
                 "getsockopt",  "setsockopt",      "splice", "pipe2",    "fcntl",    "epoll_ctl",   "epoll_wait",
                 "epoll_pwait", "timerfd_settime", "poll",   "dup"});
  allow_families(policy, {AF_INET, AF_INET6});
  for (const char* call : {"mmap", "mprotect"})
    policy.allow.push_back({.call = call, .tests = {{.index = 2, .mask = PROT_EXEC, .equals = 0}}});
  return policy;
}

// The name service switch loads libraries: memory that can be executed.
SyscallPolicy resolver_calls() {
  SyscallPolicy policy;
  allow_memory(policy);
  allow(policy, {"read",
                 "pread64",
                 "readv",
                 "close",
                 "recvfrom",
                 "recvmsg",
                 "recvmmsg",
                 "sendto",
                 "sendmsg",
                 "sendmmsg",
                 "writev",
                 "write",
                 "connect",
                 "bind",
                 "shutdown",
                 "getsockname",
                 "getpeername",
                 "getsockopt",
                 "setsockopt",
                 "fcntl",
                 "poll",
                 "ppoll",
                 "select",
                 "pselect6",
                 "epoll_create1",
                 "epoll_ctl",
                 "epoll_wait",
                 "epoll_pwait",
                 "mmap",
                 "mprotect",
                 "newfstatat",
                 "fstat",
                 "stat",
                 "lstat",
                 "statx",
                 "access",
                 "faccessat",
                 "faccessat2",
                 "readlink",
                 "readlinkat",
                 "getdents64",
                 "lseek",
                 "statfs",
                 "fstatfs",
                 "uname",
                 "getuid",
                 "geteuid",
                 "getgid",
                 "getegid",
                 "getppid",
                 "gettimeofday",
                 "time",
                 "alarm",
                 "setitimer",
                 "rt_sigaction",
                 "sysinfo",
                 "ioctl",
                 "getcwd",
                 "clock_nanosleep",
                 "nanosleep",
                 "sched_yield",
                 "getrlimit",
                 "prlimit64",
                 "eventfd2",
                 "timerfd_create",
                 "timerfd_settime",
                 "socketpair",
                 "sched_getaffinity"});
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  policy.allow.push_back({.call = "openat", .tests = {{.index = 2, .mask = kWriting, .equals = O_RDONLY}}});
  policy.allow.push_back({.call = "open", .tests = {{.index = 1, .mask = kWriting, .equals = O_RDONLY}}});
  allow_families(policy, {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK});
  return policy;
}

void confine_relay(const seccomp::Program& filters) {
  sys::set_limit(RLIMIT_CORE, 0);
  sys::empty_capabilities();
  sys::set_dumpable(sys::Dumpable::kNo);
  sys::set_no_new_privileges();
  fence(0);
  for (const seccomp::Filter& filter : filters.filters) sys::install_filter(filter);
}

void confine_resolver(const seccomp::Program& filters) {
  sys::set_limit(RLIMIT_CORE, 0);
  sys::empty_capabilities();
  sys::set_dumpable(sys::Dumpable::kNo);
  sys::set_no_new_privileges();
  fence(kReading);
  for (const seccomp::Filter& filter : filters.filters) sys::install_filter(filter);
}

}  // namespace clawbox::egress
