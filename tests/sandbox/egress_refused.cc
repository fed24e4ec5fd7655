// Named egress: what no rule names is refused at once, and on record.
#include "egress_world.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

/// What a program that waits for a byte from `host` meets with.
std::string first_byte_of(const std::string& host, const std::string& port) {
  return "import socket\n"
         "try:\n"
         "  s = socket.create_connection(('" +
         host + "', " + port +
         ")); s.settimeout(20)\n"
         "  print(s.recv(1))\n"
         "except OSError as error:\n  print(type(error).__name__)\n";
}

}  // namespace

TEST_CASE("the list is for names: the same server under another name, and by a foreign Host, is refused") {
  if (no_names_here()) return;
  const Server server(answer_http);
  const EgressWorld world({server.port()});
  CHECK(world.inside(talk("other.test", server.port())).status != 0);
  if (!find_program("curl")) return;
  const Finished fronted =
      world.inside("curl -sS --max-time 20 -H 'Host: other.test' http://listed.test:" + server.port() + "/");
  INFO(fronted.err);
  CHECK(fronted.out.find("page") == std::string::npos);
}

TEST_CASE("a name that is not listed does not exist, and who asks is on record") {
  const EgressWorld world({"1"});
  const Finished finished = world.python(
      "import socket\n"
      "try:\n  socket.getaddrinfo('not-listed.test', 80)\n"
      "except socket.gaierror as error:\n  print(error.errno == socket.EAI_NONAME)\n");
  INFO(finished.err);
  CHECK(finished.out == "True\n");
  const auto asked = with(world.trail().all("net.dns"), "host", "not-listed.test");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].at("outcome") == "denied");
}

TEST_CASE("addresses that no rule names are refused at once: TCP by reset, UDP by EPERM, and on record") {
  const EgressWorld world({"1"});
  if (no_tproxy_here(world)) return;
  const Finished finished = world.python(
      "import socket, errno\n"
      "for host in ('198.51.100.7', '169.254.169.254', '10.0.0.1', '8.8.8.8', '198.18.0.77'):\n"
      "  s = socket.socket(); s.settimeout(10)\n"
      "  print(errno.errorcode[s.connect_ex((host, 4444))])\n"
      "s = socket.socket(socket.AF_INET6); s.settimeout(10)\n"
      "print(errno.errorcode[s.connect_ex(('2001:db8::1', 4444))])\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      "try:\n  s.sendto(b'x', ('198.51.100.7', 443))\n"
      "except OSError as error:\n  print(errno.errorcode[error.errno])\n");
  INFO(finished.err);
  CHECK(finished.out == "ECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\nEPERM\n");
  const Trail trail = world.trail();
  INFO(trail.text());
  const auto refused = with(trail.all("net.connect"), "address", "198.51.100.7");
  REQUIRE(refused.size() == 2);
  CHECK(with(refused, "protocol", "tcp").at(0).at("port") == 4444);
  CHECK(with(refused, "protocol", "udp").at(0).at("port") == 443);
  CHECK(refused[0].at("outcome") == "denied");
  CHECK(with(trail.all("net.connect"), "address", "2001:db8::1").size() == 1);
}

TEST_CASE("a refused program that still holds its socket is named with its exec") {
  const EgressWorld world({"1"});
  if (no_tproxy_here(world)) return;
  // A connected UDP socket has the address that the kernel looks a socket up by.
  const Finished finished = world.python(
      "import socket, time\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('198.51.100.9', 443))\n"
      "for i in range(20):\n"
      "  try:\n    s.send(b'x')\n"
      "  except OSError:\n    pass\n"
      "  time.sleep(0.1)\n");
  INFO(finished.err);
  const Trail trail = world.trail();
  INFO(trail.text());
  const auto refused = with(trail.all("net.connect"), "address", "198.51.100.9");
  REQUIRE(!refused.empty());
  CHECK(refused[0].at("comm") == "python3");
  CHECK(refused[0].at("exec").is_number());
}

TEST_CASE("a listed name that leads to an address which no rule names is refused, with the reason on record") {
  if (no_names_here()) return;
  const std::pair<const char*, const char*> addresses[] = {{"10.1.2.3", "private"},
                                                           {"169.254.169.254", "metadata"},
                                                           {"::ffff:10.1.2.3", "stands for an IPv4 one"},
                                                           {"64:ff9b::a01:203", "stands for an IPv4 one"},
                                                           {"fe80::1", "link"},
                                                           {"127.0.0.2", "loopback"},
                                                           {"0.0.0.0", ""},
                                                           {"100.100.100.200", ""},
                                                           {"fd00::1", "private"}};
  std::string rules;
  for (int i = 0; i < static_cast<int>(std::size(addresses)); ++i)
    rules += (i == 0 ? "" : ", ") + ("{ host = 'p" + std::to_string(i) + ".test', ports = [4321] }");
  const EgressWorld world({"1"}, rules);
  std::vector<std::pair<std::string, std::string>> names;
  std::string script;
  for (int i = 0; i < static_cast<int>(std::size(addresses)); ++i) {
    names.emplace_back(addresses[i].first, "p" + std::to_string(i) + ".test");
    script += first_byte_of("p" + std::to_string(i) + ".test", "4321");
  }
  world.set_names(names);
  const Finished finished = world.python(script);
  INFO(finished.err);
  std::string expected;
  for (std::size_t i = 0; i < std::size(addresses); ++i) expected += "ConnectionResetError\n";
  CHECK(finished.out == expected);
  const Trail trail = world.trail();
  INFO(trail.text());
  for (std::size_t i = 0; i < std::size(addresses); ++i) {
    const auto refused = with(trail.all("net.connect"), "host", "p" + std::to_string(i) + ".test");
    REQUIRE(!refused.empty());  // of both families where connect(2) itself meets the reset
    CHECK(refused[0].at("outcome") == "denied");
    CHECK(refused[0].at("reason").get<std::string>().find(addresses[i].second) != std::string::npos);
  }
}

TEST_CASE("of several addresses only those that may be dialled are, and a name that moves is checked again") {
  if (no_names_here()) return;
  const Server server(say_hello);
  const EgressWorld world({server.port()});
  world.set_names({{"10.1.2.3", "listed.test"}, {"127.0.0.1", "listed.test"}});
  world.create_listed();
  CHECK(world.exec({"bash", "-c", talk("listed.test", server.port())}).out == "hello\n");
  world.set_names({{"10.1.2.3", "listed.test"}});
  // What was found is known for some seconds.
  const bool refused = becomes_true([&] {
    return world.exec({"bash", "-c", talk("listed.test", server.port())}).out.empty();
  });
  CHECK(refused);
}

TEST_CASE("an empty list lets nothing through") {
  const EgressWorld world({"1"});
  world.set_list("");
  CHECK(world.inside("getent ahosts listed.test").status != 0);
  CHECK(world.inside(talk("198.51.100.7", "443")).status != 0);
}

TEST_CASE("names below a wildcard are counted, and too long ones do not exist: labels carry no secrets out") {
  if (no_names_here()) return;
  const EgressWorld world({"1"}, "{ host = '*.wild.test', ports = [443] }", "names = 5\nname_rate = 100\n");
  const std::string label(60, 'a');
  const Finished finished = world.python(
      "import socket\n"
      "def exists(name):\n"
      "  try:\n    socket.getaddrinfo(name, 443)\n    return True\n"
      "  except OSError:\n    return False\n"
      "print(exists('" +
      label + "." + label +
      ".wild.test'))\n"
      "print(sum(exists('x%d.wild.test' % i) for i in range(40)))\n"
      "print(exists('x0.wild.test'))\n");
  INFO(finished.err);
  CHECK(finished.out == "False\n5\nTrue\n");
  const auto denied = with(world.trail().all("net.dns"), "outcome", "denied");
  CHECK(denied.size() >= 36);
}
