// Named egress: a list that changes while the session runs, and budgets.
#include <fstream>

#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

Finished change(const EgressWorld& world, std::vector<std::string> words) {
  words.insert(words.begin(), {"network", "work"});
  return world.call(words);
}

Finished talk_inside(const EgressWorld& world, const std::string& host, const std::string& port) {
  return world.exec({"bash", "-c", talk(host, port)});
}

/// The first process of the sandbox dies, as by the kernel's hand, and another sandbox is built.
void renew(const EgressWorld& world) {
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  std::ifstream children("/proc/" + std::to_string(supervisor) + "/task/" + std::to_string(supervisor) + "/children");
  for (pid_t child = 0; children >> child;)
    if (read_file("/proc/" + std::to_string(child) + "/comm") == "clawbox-init\n") ::kill(child, SIGKILL);
  REQUIRE(becomes_true([&] { return world.inspect().value("restarts", 0) == 1; }));
}

}  // namespace

TEST_CASE("a host is allowed and denied while the session runs, on record with who did it") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  if (no_tproxy_here(world)) return;
  world.create_listed();
  CHECK(talk_inside(world, "other.test", server.port()).status != 0);
  const Finished allowed = change(world, {"allow", "other.test:" + server.port()});
  INFO(allowed.err);
  CHECK(allowed.status == 0);
  CHECK(talk_inside(world, "other.test", server.port()).out == "hello\n");
  CHECK(change(world, {"deny", "other.test"}).status == 0);
  CHECK(talk_inside(world, "other.test", server.port()).status != 0);
  CHECK(change(world, {"deny", "listed.test"}).status == 0);
  CHECK(talk_inside(world, "listed.test", server.port()).out.empty());
  CHECK(world.call({"stop", "work"}).status == 0);
  const auto rules = world.trail().all("net.rule");
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].at("outcome") == "allowed");
  CHECK(rules[0].at("rule") == "other.test:" + server.port());
  CHECK(rules[0].at("by").get<std::string>().starts_with("uid " + std::to_string(::geteuid()) + ","));
  CHECK(rules[1].at("outcome") == "denied");
}

TEST_CASE("any port can be given, also one that the profile never named") {
  if (no_names_here()) return;
  const Server server(say_hello), other(say_hello);
  const EgressWorld world({server.port()}, "{ address = '127.0.0.1', ports = [" + other.port() + "] }");
  if (no_tproxy_here(world)) return;
  world.create_listed();
  CHECK(talk_inside(world, "listed.test", other.port()).status != 0);
  const Finished allowed = change(world, {"allow", "listed.test:" + other.port()});
  INFO(allowed.err);
  CHECK(allowed.status == 0);
  CHECK(talk_inside(world, "listed.test", other.port()).out == "hello\n");
}

TEST_CASE("what is denied ends what is open") {
  if (no_names_here()) return;
  const Server silent([](int) { ::pause(); });
  const EgressWorld world({silent.port()});
  world.create_listed();
  Running waiting = world.start({"python3", "-uc",
                                 "import socket\n"
                                 "s = socket.create_connection(('listed.test', " +
                                     silent.port() +
                                     "))\n"
                                     "print('open')\n"
                                     "try:\n  print(s.recv(1))\n"
                                     "except ConnectionResetError:\n  print('reset')\n"});
  waiting.read_until("open");
  CHECK(change(world, {"deny", "listed.test"}).status == 0);
  CHECK(waiting.wait().out == "\nreset\n");
}

TEST_CASE("what is given for a while ends with it") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  if (no_tproxy_here(world)) return;
  world.create_listed();
  CHECK(change(world, {"allow", "other.test:" + server.port(), "--for", "1500ms"}).status == 0);
  CHECK(becomes_true([&] { return talk_inside(world, "other.test", server.port()).status != 0; }));
  CHECK(world.call({"stop", "work"}).status == 0);
  CHECK(world.trail().all("net.rule").at(0).at("lasts_ms") == 1500);
}

TEST_CASE("a sandbox that is built anew keeps what was denied, what was allowed, and what its budgets have lost") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()}, "", "total_connections = 3\n");
  if (no_tproxy_here(world)) return;
  world.create_listed({"--restart", "on-failure"});
  CHECK(talk_inside(world, "listed.test", server.port()).out == "hello\n");
  CHECK(change(world, {"deny", "listed.test"}).status == 0);
  CHECK(change(world, {"allow", "other.test:" + server.port()}).status == 0);
  CHECK(talk_inside(world, "other.test", server.port()).out == "hello\n");
  renew(world);
  CHECK(talk_inside(world, "listed.test", server.port()).out.empty());
  CHECK(talk_inside(world, "other.test", server.port()).out == "hello\n");
  CHECK(talk_inside(world, "other.test", server.port()).out.empty());
  CHECK(world.call({"stop", "work"}).status == 0);
  CHECK(with(world.trail().all("net.connect"), "outcome", "over-budget").size() >= 1);
}

TEST_CASE("a flood of questions hides no connection: those that are open at the end are on record") {
  if (no_names_here()) return;
  const Server silent([](int connection) {
    say_hello(connection);
    ::pause();
  });
  const EgressWorld world({silent.port()}, "{ host = '*.wild.test', ports = [443] }");
  const Finished finished = world.python(
      "import socket\n"
      "open = [socket.create_connection(('listed.test', " +
      silent.port() +
      ")) for i in range(20)]\n"
      "for s in open: s.recv(6)\n"
      "q = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); q.connect(('198.18.0.1', 53)); q.setblocking(False)\n"
      "for i in range(30000):\n"
      "  name = b'n%d' % i\n"
      "  try:\n    q.send(b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([len(name)]) + name +"
      " b'\\4wild\\4test\\0\\0\\x10\\0\\1')\n"
      "  except OSError:\n    pass\n");
  INFO(finished.err);
  CHECK(finished.status == 0);
  const Trail trail = world.trail();
  CHECK(with(trail.all("net.connect"), "host", "listed.test").size() == 20);
  CHECK(!with(trail.all("net.relay"), "outcome", "folded").empty());
  CHECK(with(trail.all("net.relay"), "outcome", "lost").empty());
  CHECK(trail.all("net.dns").size() < 3000);
}

TEST_CASE("a change that cannot be is refused, with what could be") {
  const EgressWorld world({"1"});
  world.create_listed();
  for (const char* wrong : {"", "a..b", "*.test:0", "x:99999", "[::1", "*", "bad name", "localhost"}) {
    const Finished finished = change(world, {"allow", wrong});
    INFO(wrong << ": " << finished.err);
    CHECK(finished.status == 64);
  }
  CHECK(change(world, {"permit", "a.test"}).status == 64);
  CHECK(change(world, {"allow", "a.test", "--for", "soon"}).status == 64);
  CHECK(world.call({"network", "absent", "allow", "a.test"}).status != 0);
  CHECK(world.call({"rm", "--force", "work"}).status == 0);
  CHECK(world.call({"create", "--quiet", "--name", "work"}).status == 0);
  const Finished none = change(world, {"allow", "a.test"});
  CHECK(none.status != 0);
  CHECK(none.err.find("allowlist") != std::string::npos);
}

TEST_CASE("a session carries so many bytes, and no more") {
  if (no_names_here()) return;
  const Server server(echo_at_the_end);
  const EgressWorld world({server.port()}, "", "bytes = '1MiB'\n");
  const Finished finished = world.python(
      "import socket\n"
      "def back(size):\n"
      "  try:\n"
      "    s = socket.create_connection(('listed.test', " +
      server.port() +
      ")); s.sendall(b'x' * size)\n"
      "    s.shutdown(socket.SHUT_WR); got = 0\n"
      "    while piece := s.recv(65536): got += len(piece)\n"
      "    return got\n"
      "  except OSError:\n    return 'reset'\n"  // ENOTCONN where only the shutdown meets it
      "print(back(100000), back(3000000), back(1))\n");
  INFO(finished.err);
  CHECK(finished.out == "100000 reset reset\n");
  CHECK(with(world.trail().all("net.connect"), "outcome", "over-budget").size() >= 2);
}

TEST_CASE("a session has so many connections, at one time and in all") {
  if (no_names_here()) return;
  const Server patient(echo_at_the_end);
  const EgressWorld world({patient.port()}, "", "connections = 3\ntotal_connections = 5\n");
  const Finished finished = world.python(
      "import socket\n"
      "def opened():\n"
      "  s = socket.socket(socket.AF_INET)\n"
      "  try:\n    s.connect(('listed.test', " +
      patient.port() +
      ")); s.settimeout(1)\n    return None if s.recv(1) else None\n"
      "  except TimeoutError:\n    return s\n"
      "  except OSError:\n    return None\n"
      "first = [opened() for i in range(4)]\n"
      "print([s is not None for s in first])\n"
      "for s in first: s and s.close()\n"
      "import time; time.sleep(1)\n"
      "print([opened() is not None for i in range(4)])\n");
  INFO(finished.err);
  CHECK(finished.out == "[True, True, True, False]\n[True, True, False, False]\n");
}
