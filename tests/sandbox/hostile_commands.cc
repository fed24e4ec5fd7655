// What a command of a lasting session does to the others, to who waits for it, and to its caller's descriptors.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>

#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::OwnedFd;

namespace {

struct World : Environment {
  World() { REQUIRE(call({"create", "--quiet", "--name", "work"}).status == 0); }
  ~World() { call({"rm", "--all", "--force"}); }

  Finished call(std::vector<std::string> words) const { return run(clawbox(std::move(words))); }
  Finished outside_shell(const std::string& script) const {
    return run(outside({"sh", "-c", script, clawbox_binary()}));
  }
};

/// Both ends of a connection over loopback.
std::array<OwnedFd, 2> tcp_connection() {
  const OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listening.get(), any, size) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  REQUIRE(::getsockname(listening.get(), any, &size) == 0);
  OwnedFd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(one.get(), any, size) == 0);
  return {std::move(one), OwnedFd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC))};
}

/// What a command that prints what its descriptor 1 is writes to a socket of its caller's.
std::string printed_to(Command command, const std::array<OwnedFd, 2>& ends) {
  command.before_exec = [&] { ::dup2(ends[0].get(), 1); };
  CHECK(run(command).status == 0);
  std::array<char, 100> text{};
  const ssize_t got = ::recv(ends[1].get(), text.data(), text.size(), 0);
  REQUIRE(got > 0);
  return {text.data(), static_cast<std::size_t>(got)};
}

}  // namespace

TEST_CASE("one who stops everybody keeps nobody from ending a command, or the session") {
  const World world;
  REQUIRE(world.call({"exec", "--detach", "work", "--", "sh", "-c", "while :; do kill -STOP -1; done"}).status == 0);
  const std::set<int> any{0, 124, 137};
  for (int i = 0; i < 5; ++i) {
    const Finished finished = world.call({"exec", "--timeout", "1s", "work", "--", "true"});
    CHECK(any.contains(finished.status));
    CHECK(!finished.overdue);
  }
  CHECK(world.call({"kill", "work"}).status == 0);
  CHECK(world.call({"ls", "--quiet"}).out.empty());
}

TEST_CASE("a daemon that keeps its output open holds nobody up, and nothing that was written is lost") {
  const World world;
  const Finished finished = world.outside_shell(
      "\"$0\" exec work -- sh -c 'sleep 1000 & i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i + 1)); done' >file "
      "2>errors; "
      "echo $?; tail -n 1 file; wc -l <file");
  CHECK(finished.out == "0\n19999\n20000\n");
}

TEST_CASE("a socket of the network is not passed into a sandbox, where it could be given another peer") {
  const World world;
  const std::array<OwnedFd, 2> network = tcp_connection();
  CHECK(printed_to(world.clawbox({"exec", "work", "--", "readlink", "/proc/self/fd/1"}), network).starts_with("pipe:"));
  CHECK(printed_to(world.inside("coding", {"readlink", "/proc/self/fd/1"}), network).starts_with("pipe:"));
  int local[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, local) == 0);
  const std::array<OwnedFd, 2> ends{OwnedFd(local[0]), OwnedFd(local[1])};
  CHECK(printed_to(world.inside("coding", {"readlink", "/proc/self/fd/1"}), ends).starts_with("socket:"));
}
