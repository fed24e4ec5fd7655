// What the real relay does when there is too much of something, when it is too slow, and when it dies.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "egress/dns.h"
#include "relay_world.h"
#include "samples.h"
#include "support/catch.h"
#include "sys/channel.h"

namespace clawbox::egress::world {
namespace {

using namespace std::chrono_literals;
using Side = World::Side;

Setting sample() {
  Setting setting;
  setting.list.rules = {rule("ssh.test", 22), rule("web.test", 443), rule("web.test", 80)};
  setting.hosts = "93.184.216.34 ssh.test web.test late.test\n";
  setting.patience.opening = 400ms;
  setting.patience.linger = 200ms;
  return setting;
}

struct Talk {
  Stream program, server;
  void require_alive() const {
    program.send("?");
    require_equal(server.receive(1), "?");
    server.send("!");
    require_equal(program.receive(1), "!");
  }
};

Talk talk(const World& world, const OwnedFd& listening) {
  Talk made{world.dial("ssh.test", 22), {}};
  made.server = world.accept(listening);
  made.require_alive();
  return made;
}

std::string status_of(pid_t pid, const std::string& field) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(field + ":")) return line.substr(line.find_first_not_of("\t ", field.size() + 1));
  return "no such field";
}

void require_over_budget(World& world) {
  const Stream program = world.dial("ssh.test", 22);
  require(program.error() == ECONNRESET, "no reset came");
  require(world.ended().outcome == News::Outcome::kOverBudget, "another outcome");
}

}  // namespace

TEST_CASE("the relay holds no capability and runs under a filter") {
  in_world(sample, [](World& world) {
    const pid_t pid = world.relay().process.pid();
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
      require_equal(status_of(pid, set), "0000000000000000");
    require_equal(status_of(pid, "Seccomp"), "2");
    require_equal(status_of(pid, "NoNewPrivs"), "1");
  });
}

TEST_CASE("connections at one time are capped, and their end makes room") {
  const auto setting = [] {
    Setting made = sample();
    made.list.connections.value = 2;
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Talk first = talk(world, listening);
    {
      const Talk second = talk(world, listening);
      require_over_budget(world);
    }
    world.ended();
    talk(world, listening);
    first.require_alive();
  });
}

TEST_CASE("connections of a session's life are capped") {
  const auto setting = [] {
    Setting made = sample();
    made.list.total_connections = {2};
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    for (int i = 0; i < 2; ++i) {
      talk(world, listening);
      world.ended();
    }
    require_over_budget(world);
  });
}

TEST_CASE("bytes of a session's life are capped: what goes beyond is reset, and so is every later connection") {
  const auto setting = [] {
    Setting made = sample();
    made.list.bytes = {100'000};
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Talk one = talk(world, listening);
    one.server.send(std::string(99'000, 'x'));
    require(one.program.receive(99'000).size() == 99'000, "less came than may");
    try {
      one.server.send(std::string(1'000'000, 'x'));
    } catch (const SysError& error) {
      require(error.code() == ECONNRESET || error.code() == EPIPE, error.what());
    }
    require(world.ended().outcome == News::Outcome::kOverBudget, "another outcome");
    require_over_budget(world);
  });
}

TEST_CASE("with a cap on bytes what open connections carry is told before they end") {
  const auto setting = [] {
    Setting made = sample();
    made.list.bytes = {1'000'000};
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Talk one = talk(world, listening);
    one.server.send(std::string(100'000, 'x'));
    require(one.program.receive(100'000).size() == 100'000, "less came than may");
    uint64_t told = 0;
    while (told < 90'000) told = world.next(News::Kind::kCarried).up;
    require(told <= 100'002, "more was told than came");
  });
}

TEST_CASE("a program that does not come to the point is refused in time, and holds nobody up") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 80));
    std::vector<Stream> slow;
    for (const char* bytes : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: web"}) {
      slow.push_back(world.dial("web.test", 80));
      slow.back().send(bytes);
    }
    slow.push_back(world.dial("web.test", 443));
    slow.back().send(samples::hello_to("web.test").substr(0, 40));
    const Stream quick = world.dial("web.test", 80);
    quick.send("GET / HTTP/1.1\r\nHost: web.test\r\n\r\n");
    world.accept(listening);
    for (std::size_t i = 0; i < slow.size(); ++i)
      require(text_in(world.ended().detail).find(i == 0 ? "" : "too slow") != std::string::npos, "not told as slow");
  });
}

TEST_CASE("a hello or a head without end is refused") {
  in_world(sample, [](World& world) {
    const std::string large(300'000, 'a');
    for (const auto& [port, bytes] :
         {std::pair<uint16_t, std::string>(80, "GET /" + large),
          {80, "GET / HTTP/1.1\r\nX: " + large},
          {443, samples::records(samples::hello(samples::extension(1, large.substr(0, 60'000))) + large)}}) {
      const Stream program = world.dial("web.test", port);
      ::send(program.socket().get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      require(world.ended().outcome == News::Outcome::kDenied, "it is not told as denied");
    }
  });
}

TEST_CASE("hundreds of connections at once are all served") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    std::vector<Talk> talks;
    for (int i = 0; i < 400; ++i) talks.push_back(talk(world, listening));
    for (const Talk& one : talks) one.require_alive();
    talks.clear();
    for (int i = 0; i < 400; ++i) require(world.ended().outcome == News::Outcome::kConnected, "one was lost");
  });
}

TEST_CASE("without descriptors new connections are reset and counted, old ones and names go on, and room comes back") {
  const auto setting = [] {
    Setting made = sample();
    made.descriptors = 64;
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const IpAddress address = world.address_of("ssh.test");
    std::vector<Talk> talks;
    for (int i = 0; i < 60; ++i) {
      Stream program = world.dial({address, 22});
      pollfd either[2]{{program.socket().get(), POLLIN, 0}, {listening.get(), POLLIN, 0}};
      require(::poll(either, 2, 20'000) >= 1, "neither reset nor dialled");
      if ((either[1].revents & POLLIN) != 0) talks.push_back({std::move(program), world.accept(listening)});
    }
    require(talks.size() > 10 && talks.size() < 40, fmt::format("{} connections stood", talks.size()));
    const News news = world.ended();
    require(news.outcome != News::Outcome::kConnected, "another outcome");
    for (const Talk& one : talks) one.require_alive();
    world.address_of("web.test");
    const Stream names = world.dial(at("8.8.8.8", 53));
    const std::string question = dns::framed(samples::query("web.test", 1));
    ::send(names.socket().get(), question.data(), question.size(), MSG_NOSIGNAL);
    require(names.error() != EAGAIN, "a stream to the name server is left waiting");
    talks.clear();
    world.ended();
    for (int i = 0; i < 60; ++i) {
      Talk again{world.dial({address, 22}), {}};
      if (!World::has_visitor(listening, 300)) continue;
      again.server = world.accept(listening);
      return again.require_alive();
    }
    require(false, "no room came back");
  });
}

TEST_CASE("when the relay is killed, what is open ends and what is new is refused at once") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const IpAddress address = world.address_of("ssh.test");
    const Talk open = talk(world, listening);
    world.relay().process.kill();
    require(world.relay().process.ended_within(20s), "it lives on");
    require(open.program.error() == ECONNRESET || open.program.receive(1).empty(), "the program can go on");
    require(open.server.error() == ECONNRESET || open.server.receive(1).empty(), "the server can go on");
    Stream refused;
    require(world.try_dialling({address, 22}, refused) == ECONNREFUSED, "a new connection is not refused");
    const OwnedFd asking = world.socket(Side::kSession, IpAddress::Family::kV4, SOCK_DGRAM);
    sys::start_connecting(asking, at("8.8.8.8", 53));
    ::send(asking.get(), "x", 1, 0);
    char byte = 0;
    require(::recv(asking.get(), &byte, 1, 0) < 0 && errno == ECONNREFUSED, "a question is left waiting");
  });
}

TEST_CASE("the relay ends when its supervisor does") {
  in_world(sample, [](World& world) {
    world.relay().channel.reset();
    require(world.relay().process.ended_within(20s), "it lives on");
  });
}

TEST_CASE("rules that come later open and close, for as long as they last") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    require((world.ask(samples::query("late.test", 1))[3] & 15) == 3, "late.test has an address before");
    world.tell(as_json({LiveRule::Kind::kAllow, rule("late.test", 22), 0ms}));
    while ((world.ask(samples::query("late.test", 1))[3] & 15) == 3) {  // a question may overtake what it is told
    }
    Talk open{world.dial("late.test", 22), world.accept(listening)};
    open.require_alive();

    world.tell(as_json({LiveRule::Kind::kDeny, rule("late.test", 22), 600ms}));
    require(open.program.error() == ECONNRESET, "an open connection outlives its rule");
    require(world.ended().outcome == News::Outcome::kDenied, "another outcome");
    const IpAddress address = world.address_of("ssh.test");
    for (bool is_over = false; !is_over;) {  // the denial's time; it has its own connections reset until then
      const Stream again = world.dial("late.test", 22);
      is_over = World::has_visitor(listening, 100);
      require(is_over || again.error() == ECONNRESET, "neither reset nor dialled");
    }
    require(address == world.address_of("ssh.test"), "a name has moved");
  });
}

TEST_CASE("a denied address is refused under every name, and what is open to it ends") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    Talk open{world.dial("ssh.test", 22), world.accept(listening)};
    open.require_alive();
    world.tell(as_json({LiveRule::Kind::kDeny, address_rule("93.184.0.0/16", 22), 0ms}));
    require(open.program.error() == ECONNRESET, "an open connection outlives the denial");
    require(world.ended().outcome == News::Outcome::kDenied, "another outcome");
    require(world.dial("ssh.test", 22).error() == ECONNRESET, "a new one is not refused");
    const News news = world.ended();
    require(news.outcome == News::Outcome::kDenied, "another outcome of the new one");
    require(text_in(news.detail).starts_with("denied by "), text_in(news.detail));
  });
}

TEST_CASE("told to finish, it tells of every open connection and ends") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Talk one = talk(world, listening), two = talk(world, listening);
    world.tell(Json{{"finish", true}});
    for (int i = 0; i < 2; ++i) {
      const News news = world.ended();
      require(news.outcome == News::Outcome::kConnected && news.up == 1, "other news");
    }
    require(world.relay().process.ended_within(20s), "it lives on");
  });
}

TEST_CASE("a supervisor that reads nothing for a while holds new connections back, and loses no news") {
  in_world(sample, [](World& world) {
    const IpAddress address = world.address_of("ssh.test");
    std::vector<Stream> programs;
    for (int i = 0; i < 3000; ++i) {
      programs.push_back(world.dial({address, 22}));  // nobody listens there
      if (programs.size() > 200) programs.erase(programs.begin());
    }
    for (int i = 0; i < 3000; ++i) require(world.ended().outcome == News::Outcome::kUnreachable, "other news");
  });
}

}  // namespace clawbox::egress::world
