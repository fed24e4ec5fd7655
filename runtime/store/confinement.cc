#include "store/confinement.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/capability.h>
#include <sys/mman.h>

#include <array>
#include <memory>

#include "base/error.h"
#include "sys/landlock.h"
#include "sys/privileges.h"
#include "sys/processes.h"
#include "sys/seccomp.h"

namespace clawbox::store {
namespace {

constexpr uint64_t kFiles = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                            LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                            LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |
                            sys::kLandlockRefer;
constexpr uint64_t kNever = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

// ABI 1 would refuse every rename between directories.
void stay_below(const OwnedFd& directory) {
  const int abi = sys::landlock_abi();
  if (abi < 2) return;
  const uint64_t allowed = kFiles | (abi >= 3 ? sys::kLandlockTruncate : 0);
  const OwnedFd ruleset = sys::landlock_ruleset({.access_fs = allowed | kNever});
  sys::landlock_allow(ruleset, directory, allowed);
  sys::landlock_restrict_self(ruleset);
}

struct FreeCapabilities {
  void operator()(cap_t set) const { cap_free(set); }
};

/// Those of them that we have: outside a user namespace of its own an ordinary user's server has none.
void keep_file_capabilities() {
  constexpr std::array<cap_value_t, 3> kKept = {CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN};
  using Set = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;
  const Set have(cap_get_proc()), kept(cap_init());
  if (have == nullptr || kept == nullptr) throw_errno("reading the capabilities");
  for (const cap_value_t one : kKept) {
    cap_flag_value_t has = CAP_CLEAR;
    cap_get_flag(have.get(), one, CAP_PERMITTED, &has);
    cap_set_flag(kept.get(), CAP_PERMITTED, 1, &one, has);
    cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &one, has);
  }
  if (cap_set_proc(kept.get()) != 0) throw_errno("dropping capabilities");
}

}  // namespace

SyscallPolicy server_calls() {
  SyscallPolicy policy;
  for (const char* call : {"read",           "write",           "pread64",   "pwrite64",   "lseek",     "ftruncate",
                           "fallocate",      "fsync",           "fdatasync", "openat",     "openat2",   "close",
                           "newfstatat",     "fstat",           "fstatfs",   "getdents64", "mkdirat",   "mknodat",
                           "symlinkat",      "linkat",          "unlinkat",  "renameat2",  "renameat",  "readlinkat",
                           "fchmod",         "fchmodat",        "fchownat",  "utimensat",  "fsetxattr", "fgetxattr",
                           "flistxattr",     "fremovexattr",    "sendmsg",   "poll",       "munmap",    "brk",
                           "madvise",        "futex",           "getrandom", "exit_group", "getpid",    "rt_sigreturn",
                           "rt_sigprocmask", "gettid",          "geteuid",   "getegid",    "tgkill",    "clock_gettime",
                           "mremap",         "restart_syscall", "fcntl"})
    policy.allow.push_back({.call = call});
  policy.allow.push_back({.call = "ioctl", .tests = {{.index = 1, .mask = 0xFFFFFFFF, .equals = FS_IOC_FIEMAP}}});
  for (const char* call : {"mmap", "mprotect"})
    policy.allow.push_back({.call = call, .tests = {{.index = 2, .mask = PROT_EXEC, .equals = 0}}});
  return policy;
}

SyscallPolicy watcher_calls() {
  SyscallPolicy policy;
  for (const char* call :
       {"read",         "lseek",          "openat2",    "close",      "newfstatat",     "fstat",
        "statx",        "statfs",         "fstatfs",    "getdents64", "fcntl",          "poll",
        "sendmsg",      "recvmsg",        "munmap",     "brk",        "mremap",         "madvise",
        "futex",        "getrandom",      "exit_group", "getpid",     "geteuid",        "clock_gettime",
        "rt_sigreturn", "rt_sigprocmask", "gettid",     "tgkill",     "restart_syscall"})
    policy.allow.push_back({.call = call});
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  policy.allow.push_back({.call = "openat", .tests = {{.index = 2, .mask = kWriting, .equals = O_RDONLY}}});
  for (const char* call : {"mmap", "mprotect"})
    policy.allow.push_back({.call = call, .tests = {{.index = 2, .mask = PROT_EXEC, .equals = 0}}});
  return policy;
}

void confine_watcher(const Filters& filters) {
  sys::set_no_new_privileges();
  for (const std::vector<sock_filter>& filter : filters) sys::install_filter(filter);
}

void confine_server(const OwnedFd& below, const Filters& filters) {
  sys::set_limit(RLIMIT_CORE, 0);
  keep_file_capabilities();
  sys::set_dumpable(sys::Dumpable::kNo);
  sys::set_no_new_privileges();
  stay_below(below);
  for (const std::vector<sock_filter>& filter : filters) sys::install_filter(filter);
}

}  // namespace clawbox::store
