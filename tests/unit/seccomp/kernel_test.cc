#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "seccomp/install.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "unit/seccomp/policy.h"

namespace clawbox::seccomp {
namespace {

using namespace clawbox::test;

template <class Act>
int confined(Act act) {
  const Program program = compile(base_policy());
  return in_child([&] {
    install(program);
    return act();
  });
}

/// A filter of its own in a process that has one already.
int nested_filter() {
  const Program inner = compile({{allowed("@default")}, {refused("getpid", EACCES)}});
  install(inner);
  return errno_of(SYS_getpid);
}

}  // namespace

TEST_CASE("an installed filter lets a program start") {
  CHECK(confined([] {
          ::execl("/bin/sh", "sh", "-c", "test \"$(echo ok | cat)\" = ok", nullptr);
          return 98;
        }) == 0);
}

TEST_CASE("the kernel takes the filter and refuses unshare, which works without it") {
  const auto act = [] { return errno_of(SYS_unshare, CLONE_FILES); };
  CHECK(in_child(act) == 0);
  CHECK(confined(act) == EPERM);
}

TEST_CASE("a set-id mode is refused by the kernel, also with high bits, and allowed without the filter") {
  const TempDir directory;
  const std::string file = write_file(directory / "file", "");
  for (const uint64_t high : {0ULL, 1ULL << 32, 0xffffffff00000000ULL}) {
    const auto act = [&] { return errno_of(SYS_chmod, file.c_str(), high | 04755); };
    CHECK(confined(act) == EPERM);
    CHECK(in_child(act) == 0);
  }
  CHECK(confined([&] { return errno_of(SYS_chmod, file.c_str(), 0700); }) == 0);
}

TEST_CASE("a set-id file cannot be made by openat, and an ordinary one can") {
  const TempDir directory;
  const auto make = [&](const char* name, mode_t mode) {
    return errno_of(SYS_openat, AT_FDCWD, (directory / name).c_str(), O_CREAT | O_EXCL | O_WRONLY, mode);
  };
  CHECK(confined([&] { return make("one", 04755); }) == EPERM);
  CHECK(confined([&] { return make("two", 0755); }) == 0);
  CHECK(in_child([&] { return make("three", 04755); }) == 0);
}

TEST_CASE("TIOCSTI on an own terminal is refused, high bits or not; TIOCGWINSZ is not") {
  for (const uint64_t high : {0ULL, 1ULL << 32, 0x8000000000000000ULL}) {
    const auto act = [&](uint64_t request) {
      int controller = -1, terminal = -1;
      char place[256];
      if (::openpty(&controller, &terminal, nullptr, nullptr, nullptr) != 0) return 97;
      return errno_of(SYS_ioctl, terminal, high | request, place);
    };
    CHECK(confined([&] { return act(TIOCSTI); }) == EPERM);
    CHECK(confined([&] { return act(TIOCLINUX); }) == EPERM);
    CHECK(confined([&] { return act(TIOCGWINSZ); }) == 0);
  }
}

TEST_CASE("socket families and protocols answer as libraries expect") {
  const auto socket_errno = [](uint64_t family, uint64_t type, uint64_t protocol) {
    return confined([=] { return errno_of(SYS_socket, family, type, protocol); });
  };
  CHECK(socket_errno(AF_UNIX, SOCK_STREAM, 0) == 0);
  CHECK(socket_errno(AF_INET, SOCK_DGRAM, IPPROTO_UDP) == 0);
  CHECK(socket_errno(AF_NETLINK, SOCK_RAW, 0) == 0);
  CHECK(socket_errno(AF_ALG, SOCK_SEQPACKET, 0) == EAFNOSUPPORT);
  CHECK(socket_errno(AF_VSOCK, SOCK_STREAM, 0) == EAFNOSUPPORT);
  CHECK(socket_errno(AF_ALG | 1ULL << 32, SOCK_SEQPACKET, 0) == EAFNOSUPPORT);
  CHECK(socket_errno(AF_INET, SOCK_STREAM, 262) == EPROTONOSUPPORT);
  CHECK(socket_errno(AF_INET, SOCK_RAW, IPPROTO_TCP) == EPROTONOSUPPORT);
  CHECK(socket_errno(AF_NETLINK, SOCK_RAW, 9) == EPROTONOSUPPORT);
}

TEST_CASE("clone3, io_uring, keyctl and unknown numbers answer ENOSYS") {
  CHECK(confined([] { return errno_of(SYS_clone3, nullptr, 0); }) == ENOSYS);
  CHECK(confined([] { return errno_of(SYS_io_uring_setup, 1, nullptr); }) == ENOSYS);
  CHECK(confined([] { return errno_of(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 0); }) == ENOSYS);
  CHECK(confined([] { return errno_of(2000); }) == ENOSYS);
}

TEST_CASE("gdb's personality is set, READ_IMPLIES_EXEC is not") {
  CHECK(confined([] { return errno_of(SYS_personality, ADDR_NO_RANDOMIZE); }) == 0);
  CHECK(confined([] { return errno_of(SYS_personality, READ_IMPLIES_EXEC); }) == ENOSYS);
  CHECK(in_child([] { return errno_of(SYS_personality, READ_IMPLIES_EXEC); }) == 0);
}

#if defined(__x86_64__)
TEST_CASE("an x32 call ends the process") {
  CHECK(confined([] { return errno_of(0x40000000L | SYS_getpid); }) == 128 + SIGSYS);
}

// Without the filter int 0x80 either works or, where the kernel has no IA-32 emulation, is a SIGSEGV.
TEST_CASE("a 32-bit call ends the process") {
  const int status = confined([] {
    long result = 20;  // getpid
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0 ? 0 : 1;
  });
  CHECK((status == 128 + SIGSYS || status == 128 + SIGSEGV));
}
#endif

TEST_CASE("programs can confine themselves further") { CHECK(confined(nested_filter) == EACCES); }

TEST_CASE("without no_new_privs an ordinary user cannot install the filter, and is told") {
  const Program program = compile(base_policy());
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setresuid(12345, 12345, 12345) != 0) ::_exit(97);
    try {
      install(program);
    } catch (const SysError& error) {
      ::_exit(error.code() == EACCES ? 0 : 96);
    }
    ::_exit(95);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace clawbox::seccomp
