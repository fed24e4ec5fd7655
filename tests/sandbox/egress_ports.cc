// Ports that are shown on purpose: of the session to the host, and of the host to the session.
#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

uint16_t free_port() {
  const clawbox::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

/// What the host's side of the port says until it ends.
std::string said_at(uint16_t port) {
  const clawbox::OwnedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "refused";
  std::string all;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(got));
  return all;
}

/// A server inside, at `address`, that greets everybody.
std::string greeter(const std::string& address, const std::string& family = "AF_INET") {
  return "import socket\n"
         "l = socket.create_server(('" +
         address + "', 3000), family=socket." + family +
         ", backlog=100)\n"
         "print('listening')\n"
         "while True:\n"
         "  c = l.accept()[0]; c.sendall(b'from inside\\n'); c.close()\n";
}

}  // namespace

TEST_CASE("a port that is published ends at a server inside, also at one of its 127.0.0.1 or ::1 only") {
  const std::pair<const char*, const char*> servers[] = {
      {"127.0.0.1", "AF_INET"}, {"0.0.0.0", "AF_INET"}, {"::1", "AF_INET6"}};
  for (const auto& [address, family] : servers) {
    const EgressWorld world({"1"});
    const uint16_t port = free_port();
    Running inside(
        world.python_command(greeter(address, family), {"--publish", "127.0.0.1:" + std::to_string(port) + ":3000"}));
    inside.read_until("listening");
    INFO(address);
    CHECK(said_at(port) == "from inside\n");
    CHECK(said_at(port) == "from inside\n");
  }
}

TEST_CASE("a hundred clients at once reach a published port, and one after the other many more") {
  const EgressWorld world({"1"});
  const uint16_t port = free_port();
  Running inside(world.python_command(greeter("127.0.0.1"), {"--publish", std::to_string(port) + ":3000"}));
  inside.read_until("listening");
  const Finished finished =
      run(world.outside({"python3", "-c",
                         "import socket\n"
                         "all = [socket.create_connection(('127.0.0.1', " +
                             std::to_string(port) +
                             ")) for i in range(100)]\n"
                             "print(sum(s.makefile('rb').read() == b'from inside\\n' for s in all))\n"
                             "print(sum(socket.create_connection(('127.0.0.1', " +
                             std::to_string(port) +
                             ")).makefile('rb').read() == "
                             "b'from inside\\n' for i in range(300)))\n"}));
  INFO(finished.err);
  CHECK(finished.out == "100\n300\n");
}

TEST_CASE("a session without a network may publish, and reaches nothing by that") {
  const EgressWorld world({"1"});
  const uint16_t port = free_port();
  write_file(world.workspace() + "/script.py", greeter("127.0.0.1"));
  Running inside(world.clawbox({"run", "--quiet", "--publish", std::to_string(port) + ":3000", "--", "bash", "-c",
                                "getent ahosts listed.test; exec python3 -u script.py"}));
  CHECK(inside.read_until("listening") == "listening");
  CHECK(said_at(port) == "from inside\n");
}

TEST_CASE("the profile publishes as the command line does, and it is on record") {
  const uint16_t port = free_port();
  const EgressWorld world({"1"}, "", "publish = ['127.0.0.1:" + std::to_string(port) + ":3000']\n");
  world.create_listed();
  write_file(world.workspace() + "/script.py", greeter("127.0.0.1"));
  Running inside = world.start({"python3", "-u", "script.py"});
  inside.read_until("listening");
  CHECK(said_at(port) == "from inside\n");
  CHECK(world.call({"stop", "work"}).status == 0);
  CHECK(said_at(port) == "refused");
  const Trail trail = world.trail();
  INFO(trail.text());
  const auto ended = trail.all("net.connect");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].at("bytes_down") == 12);
  CHECK(ended[0].at("reason") == "published from port 3000");
}

TEST_CASE("a port that is taken, or no port at all, is said before anything runs") {
  const Server server(say_hello);
  const EgressWorld world({"1"});
  const Finished taken = run(world.command("echo ran", {"--publish", server.port() + ":3000"}));
  CHECK(taken.status != 0);
  CHECK(taken.out.empty());
  CHECK(taken.err.find(server.port()) != std::string::npos);
  CHECK(run(world.command("true", {"--publish", "nothing"})).status == 64);
  CHECK(run(world.clawbox({"run", "--profile", "open", "--publish", "3000", "--", "true"})).status != 0);
}

TEST_CASE("a port of the host's loopback is found at the session's own, and no other is") {
  const Server server(say_hello), other(say_hello);
  const EgressWorld world({"1"}, "", "host_ports = [" + server.port() + "]\n");
  for (const char* address : {"127.0.0.1", "localhost"}) {
    const Finished finished = world.inside(talk(address, server.port()));
    INFO(finished.err);
    CHECK(finished.out == "hello\n");
  }
  CHECK(world.inside(talk("127.0.0.1", other.port())).status != 0);
}
