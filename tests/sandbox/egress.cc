// Named egress: what a list lets through, as programs meet it.
#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;

TEST_CASE("a listed host is reached by name, without any setting, and all of it is on record") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const Finished finished = world.inside(talk("listed.test", server.port()));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out == "hello\n");
  const Trail trail = world.trail();
  INFO(trail.text());
  const auto ended = trail.all("net.connect");
  REQUIRE(ended.size() == 1);
  const Json& one = ended[0];
  CHECK(one.at("host") == "listed.test");
  CHECK(one.at("address") == "127.0.0.1");
  CHECK(one.at("port") == std::stoi(server.port()));
  CHECK(one.at("protocol") == "tcp");
  CHECK(one.at("outcome") == "connected");
  CHECK(one.at("bytes_up") == 0);
  CHECK(one.at("bytes_down") == 6);
  CHECK(one.at("wall_ms").is_number());
  CHECK(one.at("rule") == "listed.test:" + server.port());
  CHECK(one.at("reason") == "the test lists it");
  CHECK(one.at("comm") == "bash");
  CHECK(one.at("exec") == trail.exec({"bash", "-c"}).at("id"));
  const auto asked = with(trail.all("net.dns"), "host", "listed.test");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].at("outcome") == "allowed");
}

TEST_CASE("curl, python, wget and node reach a listed web server, each of them as it is") {
  if (no_names_here()) return;
  const Server server(answer_http);
  const EgressWorld world({server.port()});
  const std::string url = "http://listed.test:" + server.port() + "/";
  const std::pair<const char*, std::string> programs[] = {
      {"curl", "curl -sS --max-time 20 " + url},
      {"wget", "wget -q -T 20 -t 1 -O - " + url},
      {"python3", "python3 -c \"import urllib.request as r; print(r.urlopen('" + url + "').read().decode(), end='')\""},
      {"node", "node -e \"fetch('" + url + "').then(r => r.text()).then(t => process.stdout.write(t))\""}};
  for (const auto& [program, script] : programs) {
    if (!find_program(program)) continue;
    const Finished finished = world.inside(script);
    INFO(program << ": " << finished.err);
    CHECK(finished.out == "page\n");
  }
}

TEST_CASE("datagrams go to a host whose rule has UDP, and to no other") {
  if (no_names_here()) return;
  const EgressWorld world({"1"});
  if (no_tproxy_here(world)) return;
  const DatagramServer server;
  world.set_list("{ host = 'listed.test', ports = [" + server.port() +
                 "], udp = true }, 'other.test', { address = '127.0.0.1', ports = [" + server.port() +
                 "], udp = true }");
  const Finished finished = world.python(R"(
import socket
def ask(host, limit):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(limit)
    s.sendto(b'one', (host, )" + server.port() +
                                         R"())
    return s.recvfrom(100)[0].decode()
print(ask('listed.test', 20))
try:
    print(ask('other.test', 1))
except TimeoutError:
    print('no answer')
)");
  INFO(finished.err);
  CHECK(finished.out == "one\nno answer\n");
  const auto carried = with(world.trail().all("net.connect"), "protocol", "udp");
  REQUIRE(!carried.empty());
  CHECK(with(carried, "host", "listed.test").at(0).at("bytes_up") == 3);
}

TEST_CASE("a wildcard is for every name below it, and not for its own") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()}, "{ host = '*.wild.test', ports = [" + server.port() + "] }");
  CHECK(world.inside(talk("sub.wild.test", server.port())).out == "hello\n");
  CHECK(world.inside("getent ahosts wild.test").status != 0);
}

TEST_CASE("a port that the rule does not name is refused, and one of a range is not") {
  if (no_names_here()) return;
  const Server server(say_hello), other(say_hello);
  const int port = std::stoi(server.port());
  const std::string range = "\"" + std::to_string(port) + "-" + server.port() + "\"";
  const EgressWorld world({range});
  CHECK(world.inside(talk("listed.test", server.port())).out == "hello\n");
  const Finished refused = world.inside(talk("listed.test", other.port()));
  CHECK(refused.status != 0);
  CHECK(refused.out.empty());
}

TEST_CASE("either side may end its half first, and large answers arrive whole") {
  if (no_names_here()) return;
  const Server server(echo_at_the_end);
  const EgressWorld world({server.port()});
  const Finished finished = world.python(
      "import socket, threading\n"
      "s = socket.create_connection(('listed.test', " +
      server.port() +
      "))\n"
      "data = bytes(range(256)) * 20000\n"
      "s.sendall(data); s.shutdown(socket.SHUT_WR)\n"
      "back = b''\n"
      "while piece := s.recv(1 << 20): back += piece\n"
      "print(len(back), back == data)\n");
  INFO(finished.err);
  CHECK(finished.out == "5120000 True\n");
}

TEST_CASE("a thousand connections at once are served, and each is on record", "[long]") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const Finished finished = world.python(
      "import socket\n"
      "all = [socket.create_connection(('listed.test', " +
      server.port() +
      ")) for i in range(1000)]\n"
      "print(sum(s.makefile('rb').read() == b'hello\\n' for s in all))\n");
  INFO(finished.err);
  CHECK(finished.out == "1000\n");
  CHECK(with(world.trail().all("net.connect"), "outcome", "connected").size() == 1000);
}

TEST_CASE("what the session's own programs serve to each other stays theirs, at any port") {
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  const Finished finished = world.python(
      "import socket, errno\n"
      "s = socket.socket()\nprint(errno.errorcode[s.connect_ex(('127.0.0.1', " +
      server.port() +
      "))])\n"
      "l = socket.create_server(('127.0.0.1', 80))\n"
      "c = socket.create_connection(('localhost', 80)); c.sendall(b'mine')\n"
      "print(l.accept()[0].recv(9))\n"
      "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))\n"
      "u.sendto(b'also', u.getsockname()); print(u.recv(9))\n");
  INFO(finished.err);
  CHECK(finished.out == "ECONNREFUSED\nb'mine'\nb'also'\n");
}

TEST_CASE("a lasting session's commands share its list, and each is on record with its own exec") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  world.create_listed();
  for (int i = 0; i < 2; ++i) {
    const Finished finished = world.exec({"bash", "-c", talk("listed.test", server.port())});
    INFO(finished.err);
    CHECK(finished.out == "hello\n");
  }
  CHECK(world.call({"stop", "work"}).status == 0);
  const auto ended = world.trail().all("net.connect");
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].at("exec") != ended[1].at("exec"));
}
