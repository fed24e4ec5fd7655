#include "supervise/call_text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/text.h"
#include "support/catch.h"

using namespace clawbox;

namespace {

template <class Value>
uint64_t word(Value value) {
  if constexpr (std::is_pointer_v<Value>)
    return reinterpret_cast<uint64_t>(value);
  else
    return static_cast<uint64_t>(static_cast<int64_t>(value));
}

/// The text of a call whose pointers lead into this process.
template <class... Values>
std::string text_of(long call, Values... values) {
  const std::array<uint64_t, 6> arguments{word(values)...};
  return supervise::call_arguments(static_cast<int>(call), arguments, sys::ProcessMemory(::getpid()));
}

template <class Address>
std::string connect_text(const Address& address, std::size_t size = sizeof(Address)) {
  return text_of(SYS_connect, 3, &address, size);
}

sockaddr_un unix_address(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

TEST_CASE("a path, a directory and flags are written by name") {
  CHECK(text_of(SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY | O_CLOEXEC, 0x1234) ==
        "AT_FDCWD, \"/etc/shadow\", O_RDONLY|O_CLOEXEC");
  CHECK(text_of(SYS_openat, 7, "x", O_RDWR | O_CREAT | O_EXCL, 0600) == "7, \"x\", O_RDWR|O_CREAT|O_EXCL, 0600");
  CHECK(text_of(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR) == "AT_FDCWD, \"d\", AT_REMOVEDIR");
  CHECK(text_of(SYS_mknodat, AT_FDCWD, "null", S_IFCHR | 0666, makedev(1, 3)) ==
        "AT_FDCWD, \"null\", S_IFCHR|0666, makedev(1, 3)");
}

TEST_CASE("bits without a name stay visible") {
  CHECK(text_of(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET | 0x1) == "CLONE_NEWUSER|CLONE_NEWNET|0x1");
  CHECK(text_of(SYS_unshare, 0) == "0");
  CHECK(text_of(SYS_socket, 999, SOCK_STREAM | SOCK_CLOEXEC, 0) == "0x3e7, SOCK_STREAM|SOCK_CLOEXEC, 0");
}

TEST_CASE("a call whose number is unknown is six numbers") {
  CHECK(text_of(100000, 1, 2, 3, 4, 5, -1) == "0x1, 0x2, 0x3, 0x4, 0x5, 0xffffffffffffffff");
}

TEST_CASE("internet addresses are written with their port") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(80);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect_text(v4) == "3, {AF_INET \"127.0.0.1:80\"}, 16");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(443);
  v6.sin6_addr = in6addr_loopback;
  CHECK(connect_text(v6) == "3, {AF_INET6 \"[::1]:443\"}, 28");
}

TEST_CASE("a local address is a path or an abstract name, and they are told apart") {
  CHECK(connect_text(unix_address("/run/x")) == "3, {AF_UNIX \"/run/x\"}, 110");
  CHECK(connect_text(unix_address("@name")) == "3, {AF_UNIX \"@name\"}, 110");
  CHECK(connect_text(unix_address(std::string_view("\0name", 5)), 7) == "3, {AF_UNIX @\"name\"}, 7");
  CHECK(connect_text(unix_address(""), 2) == "3, {AF_UNIX unnamed}, 2");
}

TEST_CASE("an address that is too short, too long or of another family is not guessed at") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  CHECK(connect_text(v4, 7) == "3, {AF_INET}, 7");
  CHECK(connect_text(v4, 1) == fmt::format("3, {:#x}, 1", word(&v4)));
  CHECK(connect_text(v4, 4096) == fmt::format("3, {:#x}, 4096", word(&v4)));
  sockaddr_nl netlink{};
  netlink.nl_family = AF_NETLINK;
  netlink.nl_groups = 5;
  CHECK(connect_text(netlink) == "3, {AF_NETLINK pid=0 groups=0x5}, 12");
}

TEST_CASE("structures of which the caller gives the size are opened") {
  open_how how{};
  how.flags = O_RDONLY;
  how.resolve = RESOLVE_IN_ROOT;
  CHECK(text_of(SYS_openat2, 5, "a", &how, sizeof how) ==
        "5, \"a\", {flags=O_RDONLY, mode=0, resolve=RESOLVE_IN_ROOT}, 24");
  clone_args clone{};
  clone.flags = CLONE_NEWUSER | CLONE_NEWTIME;
  clone.exit_signal = SIGCHLD;
  CHECK(text_of(SYS_clone3, &clone, sizeof clone) == "{flags=CLONE_NEWUSER|CLONE_NEWTIME, exit_signal=SIGCHLD}, 88");
  CHECK(text_of(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD) == "SIGCHLD|CLONE_VM|CLONE_VFORK, 0x0, 0x0, 0x0, 0x0");
}

TEST_CASE("text from the sandbox can neither end its quotes nor reach a terminal") {
  CHECK(text_of(SYS_chdir, "a\", O_EVIL\n\x1b[2J") == "\"a\\\", O_EVIL\\x0a\\x1b[2J\"");
  CHECK(text_of(SYS_chdir,
                "\xe2\x80\xae"
                "gpj.exe") == "\"\\u{202e}gpj.exe\"");
}

TEST_CASE("a text without an end is cut, and says so") {
  const std::string endless(10'000, 'a');
  CHECK(text_of(SYS_chdir, endless.c_str()) == "\"" + std::string(4096, 'a') + "\"…");
}

TEST_CASE("what a pointer leads to is only written when it can be read") {
  CHECK(text_of(SYS_chdir, 0x10) == "0x10");
  CHECK(text_of(SYS_chdir, 0) == "NULL");
  CHECK(text_of(SYS_connect, 3, uint64_t{0xffff800000000000}, 16) == "3, 0xffff800000000000, 16");
  CHECK(text_of(SYS_openat2, 5, "a", 0x10, 24) == "5, \"a\", 0x10, 24");
}

TEST_CASE("what a privileged call asks for is written by name") {
  CHECK(text_of(SYS_ioctl, 0, 0x5412, 0x10) == "0, TIOCSTI, 0x10");
  CHECK(text_of(SYS_ioctl, 0, 0x541c, 0x10) == "0, TIOCLINUX, 0x10");
  CHECK(text_of(SYS_ioctl, 0, 0x1234, 0x10) == "0, 0x1234, 0x10");
  CHECK(text_of(SYS_ptrace, 16, 77, 0, 0) == "PTRACE_ATTACH, 77, 0x0, 0x0");
  CHECK(text_of(SYS_kill, -1, 9) == "-1, SIGKILL");
  CHECK(text_of(SYS_prctl, 22, 2, 0, 0, 0) == "PR_SET_SECCOMP, 0x2, 0x0, 0x0, 0x0");
  CHECK(text_of(SYS_bpf, 5, 0x10, 120) == "BPF_PROG_LOAD, 0x10, 120");
  CHECK(text_of(SYS_mount, "none", "/mnt", "tmpfs", 4096 | 16384, 0) ==
        "\"none\", \"/mnt\", \"tmpfs\", MS_BIND|MS_REC, 0x0");
  CHECK(text_of(SYS_execve, "/bin/true", 0x10, 0x20) == "\"/bin/true\", 0x10, 0x20");
}
