#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <iterator>
#include <sstream>

#include "profile/call_names.h"
#include "profile/checks.h"
#include "seccomp/compile.h"
#include "seccomp/expand.h"
#include "seccomp/group_lists.h"
#include "seccomp/groups.h"
#include "support/catch.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "unit/seccomp/policy.h"

namespace clawbox::seccomp {
namespace {

using namespace clawbox::test;

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t kKill = SECCOMP_RET_KILL_PROCESS;
constexpr uint64_t kHighBits = 0xdeadbeef00000000;
constexpr uint32_t fails_with(int code) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(code); }

using Arguments = std::array<uint64_t, 6>;

uint32_t base_answer(const std::string& call, const Arguments& arguments = {}) {
  static const Program program = compile(base_policy());
  return action_of(program, native_call(seccomp_syscall_resolve_name(call.c_str()), arguments));
}

std::vector<std::string> words(const char* text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool has_number(const std::string& call) { return seccomp_syscall_resolve_name(call.c_str()) >= 0; }

struct Row {
  const char* call;
  Arguments arguments;
  uint32_t answer;
};

// The kernel takes all of these arguments as 32 bits wide and drops the rest, so must the filter.
void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.call << " " << row.arguments[0] << " " << row.arguments[1] << " " << row.arguments[2]);
    if (!has_number(row.call)) continue;  // fchmodat2 is younger than libseccomp 2.5.4: it answers ENOSYS
    CHECK(base_answer(row.call, row.arguments) == row.answer);
    Arguments high = row.arguments;
    for (uint64_t& argument : high) argument |= kHighBits;
    CHECK(base_answer(row.call, high) == row.answer);
  }
}

}  // namespace

TEST_CASE("what libraries can do without answers ENOSYS") {
  for (const std::string& call : words(R"(clone3 openat2 io_uring_setup io_uring_enter io_uring_register add_key keyctl
      request_key get_mempolicy set_mempolicy mbind uselib ustat sysfs _sysctl)")) {
    INFO(call);
    CHECK(base_answer(call) == fails_with(ENOSYS));
  }
}

TEST_CASE("known and refused calls answer EPERM") {
  for (const std::string& call : words(R"(mount umount2 pivot_root chroot unshare setns fsopen fsconfig fsmount fspick
      open_tree move_mount mount_setattr bpf perf_event_open userfaultfd fanotify_init kexec_load kexec_file_load
      init_module finit_module delete_module reboot swapon swapoff acct settimeofday clock_settime iopl ioperm syslog
      quotactl quotactl_fd open_by_handle_at sethostname setdomainname vhangup move_pages migrate_pages kcmp pidfd_getfd
      process_madvise lookup_dcookie nfsservctl modify_ldt vmsplice)")) {
    INFO(call);
    CHECK(has_number(call));
    CHECK(base_answer(call) == fails_with(EPERM));
  }
}

TEST_CASE("what must stay allowed though it looks odd is allowed") {
  for (const std::string& call : words(R"(ptrace process_vm_readv process_vm_writev memfd_create execveat seccomp prctl
      landlock_create_ruleset landlock_add_rule landlock_restrict_self pkey_alloc pkey_mprotect pkey_free membarrier rseq
      set_robust_list arch_prctl inotify_init inotify_init1 inotify_add_watch inotify_rm_watch sched_setaffinity
      sched_setattr setpriority capget capset copy_file_range fallocate setxattr mknodat shmget shmat shmctl shmdt semget
      semop semctl semtimedop mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr pidfd_open
      pidfd_send_signal timer_create timer_settime timer_gettime timer_getoverrun timer_delete signalfd signalfd4 eventfd
      eventfd2 splice tee sendfile name_to_handle_at sysinfo faccessat2 statx close_range openat execve exit exit_group)")) {
    INFO(call);
    CHECK(has_number(call));
    CHECK(base_answer(call) == kAllow);
  }
}

TEST_CASE("clone is allowed, and refused with each flag that makes a namespace") {
  check_rows({{"clone", {SIGCHLD}, kAllow}, {"clone", {CLONE_VM | CLONE_FS | CLONE_THREAD | CLONE_SETTLS}, kAllow}});
  for (const uint64_t flag : {0x20000U, 0x02000000U, 0x04000000U, 0x08000000U, 0x10000000U, 0x20000000U, 0x40000000U})
    check_rows({{"clone", {flag | SIGCHLD}, fails_with(EPERM)}});
}

TEST_CASE("unix, TCP, UDP and ROUTE sockets are allowed") {
  check_rows({{"socket", {AF_UNIX, SOCK_STREAM, 0}, kAllow},
              {"socket", {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0}, kAllow},
              {"socket", {AF_INET, SOCK_STREAM, 0}, kAllow},
              {"socket", {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP}, kAllow},
              {"socket", {AF_INET, SOCK_DGRAM, IPPROTO_UDP}, kAllow},
              {"socket", {AF_INET6, SOCK_STREAM, 0}, kAllow},
              {"socket", {AF_INET6, SOCK_STREAM, IPPROTO_TCP}, kAllow},
              {"socket", {AF_INET6, SOCK_DGRAM, IPPROTO_UDP}, kAllow},
              {"socket", {AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0}, kAllow}});
}

TEST_CASE("a pair of sockets is a pair of unix sockets") {
  CHECK(base_answer("socketpair", {AF_UNIX, SOCK_STREAM, 0}) == kAllow);
  CHECK(base_answer("socketpair", {AF_VSOCK, SOCK_STREAM, 0}) == fails_with(EAFNOSUPPORT));
}

TEST_CASE("every other socket family answers EAFNOSUPPORT") {
  for (uint64_t family = 0; family < 64; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
    check_rows({{"socket", {family, SOCK_STREAM, 0}, fails_with(EAFNOSUPPORT)}});
  }
  check_rows({{"socket", {0xffffffff, SOCK_STREAM, 0}, fails_with(EAFNOSUPPORT)}});
}

TEST_CASE("other protocols of an allowed family answer EPROTONOSUPPORT") {
  constexpr uint64_t kMptcp = 262;
  for (const uint64_t family : {uint64_t{AF_INET}, uint64_t{AF_INET6}})
    for (const uint64_t protocol : {uint64_t{IPPROTO_ICMP}, uint64_t{IPPROTO_ICMPV6}, uint64_t{IPPROTO_SCTP},
                                    uint64_t{IPPROTO_DCCP}, uint64_t{IPPROTO_UDPLITE}, uint64_t{IPPROTO_RAW}, kMptcp})
      check_rows({{"socket", {family, SOCK_DGRAM, protocol}, fails_with(EPROTONOSUPPORT)}});
  for (const uint64_t netlink : {2U, 4U, 9U, 12U, 15U, 16U})
    check_rows({{"socket", {AF_NETLINK, SOCK_RAW, netlink}, fails_with(EPROTONOSUPPORT)}});
}

TEST_CASE("raw sockets that name an allowed protocol are refused") {
  check_rows({{"socket", {AF_INET, SOCK_RAW, IPPROTO_TCP}, fails_with(EPROTONOSUPPORT)},
              {"socket", {AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP}, fails_with(EPROTONOSUPPORT)},
              {"socket", {AF_INET, SOCK_PACKET, 0}, fails_with(EPROTONOSUPPORT)}});
}

TEST_CASE("the personalities of debuggers and build tools are allowed, others answer ENOSYS") {
  for (const uint64_t persona : {0U, 8U, 0x20000U, 0x20008U, 0x40000U, 0x40008U, 0xffffffffU})
    check_rows({{"personality", {persona}, kAllow}});
  for (const uint64_t persona : {1U, 0x400000U, 0x100000U, 0x440000U, 0xfffffffeU})
    check_rows({{"personality", {persona}, fails_with(ENOSYS)}});
}

TEST_CASE("typing into a terminal is refused, other terminal calls are allowed") {
  check_rows({{"ioctl", {0, TIOCSTI}, fails_with(EPERM)},
              {"ioctl", {0, TIOCLINUX}, fails_with(EPERM)},
              {"ioctl", {0, TIOCGWINSZ}, kAllow},
              {"ioctl", {0, TCGETS}, kAllow},
              {"ioctl", {TIOCSTI, 0}, kAllow}});
}

TEST_CASE("modes with a set-id bit are refused wherever a mode is given") {
  for (const uint64_t bit : {04000U, 02000U, 06000U}) {
    check_rows({{"chmod", {0, bit | 0755}, fails_with(EPERM)},
                {"fchmod", {3, bit | 0755}, fails_with(EPERM)},
                {"fchmodat", {3, 0, bit | 0755}, fails_with(EPERM)},
                {"fchmodat2", {3, 0, bit | 0755}, fails_with(EPERM)},
                {"mkdir", {0, bit | 0755}, fails_with(EPERM)},
                {"mkdirat", {3, 0, bit | 0755}, fails_with(EPERM)},
                {"mknod", {0, bit | S_IFREG}, fails_with(EPERM)},
                {"mknodat", {3, 0, bit | S_IFREG}, fails_with(EPERM)},
                {"creat", {0, bit | 0755}, fails_with(EPERM)},
                {"open", {0, O_CREAT | O_WRONLY, bit | 0755}, fails_with(EPERM)},
                {"open", {0, O_TMPFILE | O_RDWR, bit | 0755}, fails_with(EPERM)},
                {"openat", {3, 0, O_CREAT | O_WRONLY, bit | 0755}, fails_with(EPERM)},
                {"openat", {3, 0, O_TMPFILE | O_RDWR, bit | 0755}, fails_with(EPERM)}});
  }
}

TEST_CASE("modes without a set-id bit are allowed, the sticky bit too") {
  check_rows({{"chmod", {0, 01777}, kAllow},
              {"fchmod", {3, 0755}, kAllow},
              {"fchmodat", {3, 0, 0644}, kAllow},
              {"mkdir", {0, 01777}, kAllow},
              {"mkdirat", {3, 0, 0755}, kAllow},
              {"creat", {0, 0644}, kAllow},
              {"open", {0, O_CREAT | O_WRONLY, 0644}, kAllow},
              {"openat", {3, 0, O_CREAT | O_WRONLY, 0644}, kAllow}});
}

TEST_CASE("an open that makes nothing may have anything where the mode would be") {
  check_rows({{"open", {0, O_RDONLY | O_DIRECTORY, 06000}, kAllow},
              {"openat", {3, 0, O_RDWR | O_DIRECTORY, 0xffffffff}, kAllow}});
}

TEST_CASE("device nodes cannot be made, FIFOs can") {
  for (const uint64_t kind : {uint64_t{S_IFCHR}, uint64_t{S_IFBLK}})
    check_rows({{"mknod", {0, kind | 0600}, fails_with(EPERM)}, {"mknodat", {3, 0, kind | 0600}, fails_with(EPERM)}});
  for (const uint64_t kind : {uint64_t{S_IFIFO}, uint64_t{S_IFREG}, uint64_t{S_IFSOCK}, uint64_t{0}})
    check_rows({{"mknod", {0, kind | 0600}, kAllow}, {"mknodat", {3, 0, kind | 0600}, kAllow}});
}

TEST_CASE("calls of another architecture kill the process") {
  const Program program = compile(base_policy());
  for (const uint32_t architecture : {uint32_t{SCMP_ARCH_X86}, uint32_t{SCMP_ARCH_ARM}, 0U, 0xffffffffU})
    for (const uint32_t number : {0U, 1U, 39U, 102U}) CHECK(action_of(program, {number, architecture, {}}) == kKill);
}

#if defined(__x86_64__)
TEST_CASE("x32 calls kill the process") {
  const Program program = compile(base_policy());
  for (const uint32_t number : {0x40000000U, 0x40000001U, 0x40000200U, 0x7fffffffU, 0x80000000U, 0xfffffffeU})
    CHECK(action_of(program, {number, SCMP_ARCH_X86_64, {}}) == kKill);
}

TEST_CASE("a call that a tracer skipped does not kill the traced process") {
  CHECK(action_of(compile(base_policy()), native_call(-1)) == fails_with(ENOSYS));
}
#endif

TEST_CASE("numbers that no kernel has answer ENOSYS") {
  const Program program = compile(base_policy());
  for (const int number : {450 + 150, 1000, 2000, 0x3fffffff})
    CHECK(action_of(program, native_call(number)) == fails_with(ENOSYS));
}

TEST_CASE("an empty policy answers ENOSYS to everything") {
  const Program program = compile(SyscallPolicy{});
  CHECK(action_of(program, native_call(0)) == fails_with(ENOSYS));
  CHECK(action_of(program, native_call(59)) == fails_with(ENOSYS));
}

TEST_CASE("a refusal beats what is allowed") {
  const Program program = compile({{allowed("getpid")}, {refused("getpid", EACCES)}});
  CHECK(action_of(program, native_call(SCMP_SYS(getpid))) == fails_with(EACCES));
}

TEST_CASE("a group that is no longer refused and is allowed is open: Chromium's sandbox") {
  SyscallPolicy policy{{allowed("@default"), allowed("@namespace"), allowed("@chroot")}, {refused("@set-id")}};
  const Program program = compile(policy);
  CHECK(action_of(program, native_call(SCMP_SYS(unshare))) == kAllow);
  CHECK(action_of(program, native_call(SCMP_SYS(chroot))) == kAllow);
  CHECK(action_of(program, native_call(SCMP_SYS(clone), {CLONE_NEWUSER | SIGCHLD})) == kAllow);
  CHECK(action_of(program, native_call(SCMP_SYS(clone3))) == fails_with(ENOSYS));
}

TEST_CASE("the base profile refuses every part of @refused by its own name") {
  const char* const data = ::getenv("CLAWBOX_TEST_DATA");
  if (data == nullptr) return skip("CLAWBOX_TEST_DATA is not set");
  const std::string base = read_file(std::string(data) + "/../profiles/base.toml");
  for (const std::string& group : words(kRefusedGroups)) {
    INFO(group);
    CHECK(base.find('"' + group + '"') != std::string::npos);
  }
  CHECK(base.find("\"@refused\"") == std::string::npos);
}

TEST_CASE("a profile may name every group, every call that libseccomp knows and every one of the default list") {
  std::vector<std::string> names = group_names();
  for (const auto& more : {known_calls(), words(kDefaultCalls), words("socketcall arm_fadvise64_64 swapcontext")})
    names.insert(names.end(), more.begin(), more.end());
  for (const std::string& name : names) {
    INFO(name);
    CHECK_FALSE(profile::objection_to_call(name));
  }
  CHECK(profile::objection_to_call("moutn"));
  CHECK(profile::group_names().size() == group_names().size());
}

TEST_CASE("the handbook of profiles tells every group of system calls") {
  const char* const data = ::getenv("CLAWBOX_TEST_DATA");
  if (data == nullptr) return skip("CLAWBOX_TEST_DATA is not set");
  const std::string handbook = read_file(std::string(data) + "/../profiles/README.md");
  for (const Group& group : all_groups()) {
    INFO(group.name);
    CHECK(handbook.find("| `" + group.name + "` | " + group.about + " |\n") != std::string::npos);
  }
}

TEST_CASE("a profile opens one socket family with one allow rule") {
  SyscallPolicy policy = base_policy();
  policy.allow.push_back(allowed("socket", {{0, 0xffffffff, AF_VSOCK}}));
  const Program program = compile(policy);
  CHECK(action_of(program, native_call(SCMP_SYS(socket), {AF_VSOCK, SOCK_STREAM})) == kAllow);
  CHECK(action_of(program, native_call(SCMP_SYS(socket), {AF_ALG, SOCK_STREAM})) == fails_with(EAFNOSUPPORT));
}

TEST_CASE("a test with a mask of 64 bits compares all of them") {
  const Program program = compile({{allowed("lseek", {{1, ~0ULL, 0x100000002}})}, {}});
  CHECK(action_of(program, native_call(SCMP_SYS(lseek), {0, 0x100000002})) == kAllow);
  CHECK(action_of(program, native_call(SCMP_SYS(lseek), {0, 2})) == fails_with(ENOSYS));
  CHECK(action_of(program, native_call(SCMP_SYS(lseek), {0, 0x100000003})) == fails_with(ENOSYS));
}

TEST_CASE("a rule that kills comes before one that refuses") {
  const Program program = compile({{allowed("@default")}, {refused("ptrace"), refused("@debug", kKillProcess)}});
  CHECK(action_of(program, native_call(SCMP_SYS(ptrace))) == kKill);
}

}  // namespace clawbox::seccomp
