#include "egress/flow.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "support/catch.h"
#include "sys/inet_sockets.h"

namespace clawbox::egress {
namespace {

struct Pair {
  OwnedFd one, other;
};

Pair socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

bool is_ready(const OwnedFd& socket, short events) {
  pollfd waiting{socket.get(), events, 0};
  return ::poll(&waiting, 1, 20'000) == 1;
}

/// Over 127.0.0.1: only TCP has resets.
Pair tcp_pair() {
  const OwnedFd listening = sys::inet_socket(IpAddress::Family::kV4, SOCK_STREAM);
  REQUIRE(sys::try_binding(listening, {IpAddress::v4(0x7f000001), 0}) == 0);
  REQUIRE(sys::try_listening(listening) == 0);
  OwnedFd one = sys::inet_socket(IpAddress::Family::kV4, SOCK_STREAM);
  sys::start_connecting(one, *sys::local_endpoint(listening));
  REQUIRE(is_ready(listening, POLLIN));
  sys::Accepted accepted = sys::accept_stream(listening);
  REQUIRE(accepted.socket);
  REQUIRE(is_ready(one, POLLOUT));
  return {std::move(one), std::move(accepted.socket)};
}

/// program ── client │ flow │ server ── service: the flow's own ends are in the middle.
struct Way {
  explicit Way(Pair (*make)() = socket_pair) {
    Pair left = make(), right = make();
    program = std::move(left.one);
    client = {std::move(left.other), true, true};
    server = {std::move(right.one), true, true};
    service = std::move(right.other);
  }
  /// After what epoll(7) would tell of the ends.
  Flow::Step move() {
    for (End* end : {&client, &server}) {
      pollfd now{end->socket.get(), POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
      REQUIRE(::poll(&now, 1, 0) >= 0);
      end->note(static_cast<uint32_t>(now.revents));
    }
    return up.move(client, server);
  }

  FlowPool pool;
  OwnedFd program, service;
  End client, server;
  Flow up{pool};
};

/// As many of them as are taken.
std::size_t send(const OwnedFd& socket, std::string_view bytes) {
  const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

/// What is there; `ended`: after it comes the end of the stream.
struct Got {
  std::string bytes;
  bool ended = false;
};
Got receive(const OwnedFd& socket, std::size_t most = SIZE_MAX) {
  Got got;
  std::array<char, 65536> buffer;
  while (got.bytes.size() < most) {
    const std::size_t size = std::min(buffer.size(), most - got.bytes.size());
    const ssize_t count = ::recv(socket.get(), buffer.data(), size, MSG_DONTWAIT);
    if (count == 0) got.ended = true;
    if (count <= 0) break;
    got.bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return got;
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  return bytes;
}

std::size_t open_pipes() {
  std::size_t count = 0;
  std::array<char, 64> target;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const ssize_t size = ::readlink(entry.path().c_str(), target.data(), target.size());
    count += size > 5 && std::string_view(target.data(), 5) == "pipe:" ? 1 : 0;
  }
  return count;
}

/// Everything through the flow, the service reading `at_a_time`; what came out.
std::string carry(Way& way, const std::string& bytes, std::size_t at_a_time) {
  std::string came;
  std::size_t sent = 0;
  for (int idle = 0; came.size() < bytes.size() && idle < 100'000; ++idle) {
    const std::size_t before = sent + came.size();
    sent += send(way.program, std::string_view(bytes).substr(sent));
    const Flow::Step step = way.move();
    if (step == Flow::Step::kBroken || step == Flow::Step::kEnded) break;
    came += receive(way.service, at_a_time).bytes;
    if (sent + came.size() != before) idle = 0;
  }
  return came;
}

}  // namespace

TEST_CASE("bytes go through, and the ends say when they would wait") {
  Way way;
  send(way.program, "hello");
  CHECK(way.move() == Flow::Step::kWaits);
  CHECK_FALSE(way.client.readable);
  CHECK(receive(way.service).bytes == "hello");
  CHECK(way.up.bytes() == 5);
}

TEST_CASE("what is put first goes ahead of what is read") {
  Way way;
  way.up.put_first("one ");
  send(way.program, "two");
  way.move();
  CHECK(receive(way.service).bytes == "one two");
}

TEST_CASE("a half-closed end stays half-closed: the other way goes on") {
  Way way;
  Flow down(way.pool);
  send(way.program, "question");
  ::shutdown(way.program.get(), SHUT_WR);
  CHECK(way.move() == Flow::Step::kEnded);
  CHECK(way.up.has_ended());
  const Got question = receive(way.service);
  CHECK(question.bytes == "question");
  CHECK(question.ended);
  send(way.service, "answer");
  way.server.readable = true;
  CHECK(down.move(way.server, way.client) == Flow::Step::kWaits);
  const Got answer = receive(way.program);
  CHECK(answer.bytes == "answer");
  CHECK_FALSE(answer.ended);
  CHECK(way.move() == Flow::Step::kEnded);  // once and for all
}

TEST_CASE("a source that had ended before is ended after what was held") {
  Way way;
  way.up.put_first("held");
  way.up.source_ended();
  send(way.program, "never read");
  CHECK(way.move() == Flow::Step::kEnded);
  const Got got = receive(way.service);
  CHECK(got.bytes == "held");
  CHECK(got.ended);
}

TEST_CASE("while the receiver takes nothing, nothing more is read than one buffer and what the sockets hold") {
  Way way;
  const std::string block(65536, 'x');
  std::size_t taken = 0;
  for (int still = 0; still < 3; ++still) {
    for (std::size_t sent = 1; sent > 0;) {
      sent = send(way.program, block);
      taken += sent;
      if (sent > 0) still = 0;
    }
    way.move();
  }
  CHECK(way.move() == Flow::Step::kWaits);
  CHECK_FALSE(way.server.writable);
  CHECK(way.client.readable);  // it has more, which is not touched
  CHECK(taken < (std::size_t{4} << 20));
  std::size_t came = 0;
  for (int still = 0; still < 3; ++still) {
    const std::size_t some = receive(way.service).bytes.size();
    came += some;
    if (some > 0) still = 0;
    way.move();
  }
  CHECK(came == taken);
}

TEST_CASE("large reads go by a pipe, in order and whole, and the pipe is given back") {
  Pair (*const make)() = GENERATE(socket_pair, tcp_pair);
  const std::size_t at_a_time = GENERATE(SIZE_MAX, 10'000U);
  const std::string bytes = pattern(std::size_t{3} << 20);
  const std::size_t pipes_before = open_pipes();
  {
    Way way(make);
    const int size = 1 << 20;
    for (const OwnedFd* end : {&way.program, &way.client.socket})
      for (const int option : {SO_SNDBUF, SO_RCVBUF}) ::setsockopt(end->get(), SOL_SOCKET, option, &size, sizeof size);
    CHECK(carry(way, bytes, at_a_time) == bytes);
    CHECK(way.up.bytes() == bytes.size());
    CHECK(open_pipes() == pipes_before + 2);
    ::shutdown(way.program.get(), SHUT_WR);
    while (way.move() == Flow::Step::kMore) {
    }
    CHECK(receive(way.service).ended);
  }
  CHECK(open_pipes() == pipes_before);
}

TEST_CASE("small reads need no pipe") {
  Way way;
  const std::size_t pipes_before = open_pipes();
  const std::string bytes = pattern(20'000);
  CHECK(carry(way, bytes, SIZE_MAX) == bytes);
  CHECK(open_pipes() == pipes_before);
}

TEST_CASE("a reset of either side breaks the flow") {
  SECTION("of the one that is read") {
    Way way(tcp_pair);
    sys::close_with_reset(std::move(way.program));
    CHECK(is_ready(way.client.socket, POLLIN));
    CHECK(way.move() == Flow::Step::kBroken);
  }
  SECTION("of the one that is written") {
    Way way(tcp_pair);
    sys::close_with_reset(std::move(way.service));
    CHECK(is_ready(way.server.socket, POLLIN));
    send(way.program, "x");
    CHECK(is_ready(way.client.socket, POLLIN));
    CHECK(way.move() == Flow::Step::kBroken);
  }
}

TEST_CASE("closing with a reset is a reset for the peer, and closing is an end") {
  Pair one = tcp_pair(), two = tcp_pair();
  sys::close_with_reset(std::move(one.one));
  two.one.reset();
  char byte = 0;
  REQUIRE(is_ready(one.other, POLLIN));
  CHECK(::recv(one.other.get(), &byte, 1, MSG_DONTWAIT) == -1);
  CHECK(errno == ECONNRESET);
  REQUIRE(is_ready(two.other, POLLIN));
  CHECK(::recv(two.other.get(), &byte, 1, MSG_DONTWAIT) == 0);
}

}  // namespace clawbox::egress
