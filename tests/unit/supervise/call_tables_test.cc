#include "supervise/call_tables.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <limits>

#include "seccomp/expand.h"
#include "supervise/call_text.h"
#include "support/catch.h"

using namespace clawbox;

namespace {

/// The text of a call whose pointers lead into this process.
template <class... Values>
std::string text_of(long call, Values... values) {
  const std::array<uint64_t, 6> arguments{(uint64_t)(values)...};  // pointers and numbers alike
  return supervise::call_arguments(static_cast<int>(call), arguments, sys::ProcessMemory(::getpid()));
}

/// Names and numbers of what a profile notes that names the group.
std::map<int, std::string> calls_of(const std::string& group) {
  SyscallPolicy policy;
  policy.allow = {{group, {}, 0, "", {}}};
  std::map<int, std::string> calls;
  for (const auto& [number, clauses] : seccomp::expand(policy).clauses)
    calls.emplace(number, seccomp::call_name(number));
  return calls;
}

sockaddr_in resolver() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(0x0a000001);
  return address;
}

msghdr message_to(sockaddr_in& address, iovec& bytes) {
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  return message;
}

constexpr const char* kMessage =
    "{msg_name={AF_INET \"10.0.0.1:53\"}, msg_namelen=16, msg_iovlen=1, msg_controllen=0, msg_flags=0}";

}  // namespace

TEST_CASE("every call of the network and the file-system group has its row, under its own name") {
  for (const char* group : {"@network", "@file-system"})
    for (const auto& [number, name] : calls_of(group)) {
      CAPTURE(group, name);
      const supervise::CallShape* const shape = supervise::shape_of(number);
      REQUIRE(shape != nullptr);
      CHECK(shape->name == name);
    }
}

TEST_CASE("no call has two rows, and no row arguments behind an absent one") {
  for (const auto& [number, name] : calls_of("@default")) {
    const supervise::CallShape* const shape = supervise::shape_of(number);
    if (shape == nullptr) continue;
    CAPTURE(name);
    CHECK(shape->name == name);
    bool ended = false;
    for (const supervise::Argument argument : shape->arguments) {
      const bool absent = argument.kind == supervise::Kind::kNothing;
      CHECK_FALSE((ended && !absent));
      ended = ended || absent;
    }
  }
}

TEST_CASE("a message shows where it is sent to, and none of its bytes") {
  char secret[] = "secret";
  iovec bytes{secret, sizeof secret};
  sockaddr_in address = resolver();
  const msghdr message = message_to(address, bytes);
  CHECK(text_of(SYS_sendmsg, 3, &message, MSG_NOSIGNAL) == fmt::format("3, {}, MSG_NOSIGNAL", kMessage));
  CHECK(text_of(SYS_sendmsg, 3, 0x10, 0) == "3, 0x10, 0");
  CHECK(text_of(SYS_recvmsg, 3, &message, MSG_PEEK) == "3, {msg_namelen=16, msg_iovlen=1, msg_controllen=0}, MSG_PEEK");
}

TEST_CASE("of many messages the first ones are shown") {
  iovec bytes{};
  sockaddr_in address = resolver();
  std::array<mmsghdr, 20> messages{};
  for (mmsghdr& message : messages) message.msg_hdr = message_to(address, bytes);
  CHECK(text_of(SYS_sendmmsg, 3, messages.data(), 2, 0) == fmt::format("3, [{0}, {0}], 2, 0", kMessage));
  const std::string many = text_of(SYS_sendmmsg, 3, messages.data(), 20, 0);
  CHECK(many.ends_with(", …], 20, 0"));
  CHECK(many.size() < 17 * std::string_view(kMessage).size() + 100);
  CHECK(text_of(SYS_sendmmsg, 3, 0x10, 1024, 0) == "3, 0x10, 1024, 0");
}

TEST_CASE("an option of a socket is named by its level, and shows the number it is set to") {
  const int one = 1;
  CHECK(text_of(SYS_setsockopt, 3, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ==
        "3, SOL_SOCKET, SO_REUSEADDR, [1], 4");
  CHECK(text_of(SYS_setsockopt, 3, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == "3, SOL_TCP, TCP_NODELAY, [1], 4");
  CHECK(text_of(SYS_setsockopt, 3, SOL_SOCKET, SO_LINGER, 0x10, 8) == "3, SOL_SOCKET, SO_LINGER, 0x10, 8");
  CHECK(text_of(SYS_getsockopt, 3, SOL_SOCKET, SO_ERROR, 0x10, 0x20) == "3, SOL_SOCKET, SO_ERROR, 0x10, 0x20");
  CHECK(text_of(SYS_getsockopt, 3, 77, 5, 0x10, 0x20) == "3, 0x4d, 0x5, 0x10, 0x20");
  CHECK(text_of(SYS_shutdown, 3, SHUT_WR) == "3, SHUT_WR");
}

TEST_CASE("calls on files show what they are about by name") {
  CHECK(text_of(SYS_faccessat, AT_FDCWD, "x", R_OK | X_OK) == "AT_FDCWD, \"x\", R_OK|X_OK");
  CHECK(text_of(SYS_faccessat2, AT_FDCWD, "x", 0, AT_EACCESS) == "AT_FDCWD, \"x\", 0, AT_EACCESS");
  CHECK(text_of(SYS_newfstatat, AT_FDCWD, "x", 0x10, AT_SYMLINK_NOFOLLOW) ==
        "AT_FDCWD, \"x\", 0x10, AT_SYMLINK_NOFOLLOW");
  CHECK(text_of(SYS_statx, 4, "", AT_EMPTY_PATH, STATX_BASIC_STATS, 0x10) ==
        "4, \"\", AT_EMPTY_PATH, STATX_BASIC_STATS, 0x10");
  CHECK(text_of(SYS_setxattr, "x", "user.a", 0x10, 5, 1) == "\"x\", \"user.a\", 0x10, 5, XATTR_CREATE");
  CHECK(text_of(SYS_pwrite64, 4, 0x10, 5, 4096) == "4, 0x10, 5, 4096");
  CHECK(text_of(SYS_pwritev2, 4, 0x10, 2, -1, 77, 0x10) == "4, 0x10, 2, -1, RWF_APPEND");
  CHECK(text_of(SYS_lseek, 4, -1, SEEK_END) == "4, -1, SEEK_END");
  CHECK(text_of(SYS_flock, 4, LOCK_EX | LOCK_NB) == "4, LOCK_EX|LOCK_NB");
  CHECK(text_of(SYS_close_range, 3, std::numeric_limits<unsigned>::max(), 4) == "3, 4294967295, CLOSE_RANGE_CLOEXEC");
  CHECK(text_of(SYS_sync, 1, 2, 3).empty());
}

TEST_CASE("what fcntl takes depends on its command") {
  CHECK(text_of(SYS_fcntl, 3, F_GETFL, 0x1234) == "3, F_GETFL");
  CHECK(text_of(SYS_fcntl, 3, F_SETFL, O_RDWR | O_NONBLOCK) == "3, F_SETFL, O_RDWR|O_NONBLOCK");
  CHECK(text_of(SYS_fcntl, 3, F_SETFD, FD_CLOEXEC) == "3, F_SETFD, FD_CLOEXEC");
  CHECK(text_of(SYS_fcntl, 3, F_DUPFD, 10) == "3, F_DUPFD, 10");
  CHECK(text_of(SYS_fcntl, 3, F_SETLK, 0x10) == "3, F_SETLK, 0x10");
}
