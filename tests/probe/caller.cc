// caller WHAT: makes one call and prints what came of it: 0, or the name of the error. See kCalls.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

struct Call {
  const char* name;
  long (*make)();
};

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Header>
Header message_to(sockaddr_in& address, iovec& bytes) {
  Header message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  return message;
}

long send_message() {
  char text[] = "secret";
  iovec bytes{text, sizeof text};
  sockaddr_in address = loopback();
  const msghdr message = message_to<msghdr>(address, bytes);
  const long sent = ::sendmsg(::socket(AF_INET, SOCK_DGRAM, 0), &message, 0);
  return sent == sizeof text ? 0 : -1;
}

constexpr Call kCalls[] = {
    {"io_uring_setup", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"io_uring_enter", [] { return ::syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0); }},
    {"io_uring_register", [] { return ::syscall(SYS_io_uring_register, -1, 0, nullptr, 0); }},
    {"keyctl", [] { return ::syscall(SYS_keyctl, 0, -3, 0); }},
    {"add_key", [] { return ::syscall(SYS_add_key, "user", "name", "x", 1, -3); }},
    {"request_key", [] { return ::syscall(SYS_request_key, "user", "name", nullptr, 0); }},
    {"sendmsg", send_message},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Call& call : kCalls) {
    if (argc < 2 || std::strcmp(call.name, argv[1]) != 0) continue;
    const long result = call.make();
    std::puts(result == 0 ? "0" : ::strerrorname_np(errno));
    return 0;
  }
  return 2;
}
