// Datagrams through the real relay.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "relay_world.h"
#include "support/catch.h"

namespace clawbox::egress::world {
namespace {

using namespace std::chrono_literals;
using Side = World::Side;
constexpr auto kV4 = IpAddress::Family::kV4, kV6 = IpAddress::Family::kV6;

NetworkRule with_udp(NetworkRule rule) {
  rule.udp = true;
  return rule;
}

Setting sample() {
  Setting setting;
  setting.list.rules = {with_udp(rule("quic.test", 443)), rule("tcp.test", 443), with_udp(rule("*.bad.test", 443)),
                        with_udp(address_rule("93.184.216.0/24", 123))};
  setting.hosts =
      "93.184.216.34 quic.test tcp.test\n10.0.0.5 inner.bad.test\n127.0.0.1 own.bad.test\n"
      "2606:2800::1 six.bad.test\n";
  return setting;
}

/// A UDP socket, bound on the host or connected in the session.
class Datagrams {
 public:
  Datagrams(const World& world, Side side, const sys::Endpoint& where)
      : socket_(world.socket(side, where.address.family(), SOCK_DGRAM)) {
    const int error = side == Side::kHost ? sys::try_binding(socket_, where) : sys::start_connecting(socket_, where);
    require(error == 0, fmt::format("{}: {}", to_string(where), ::strerrordesc_np(error)));
  }
  int try_sending(const std::string& bytes) const {
    return ::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0 ? errno : 0;
  }
  void send(const std::string& bytes) const { require(try_sending(bytes) == 0, ::strerrordesc_np(errno)); }
  std::string receive() {
    std::string bytes(70'000, '\0');
    from_ = {};
    const ssize_t got = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, from_.get(), &from_.size);
    require(got >= 0, fmt::format("no datagram: {}", ::strerrordesc_np(errno)));
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  void answer(const std::string& bytes) {
    require(::sendto(socket_.get(), bytes.data(), bytes.size(), 0, from_.get(), from_.size) >= 0, "not sent");
  }
  sys::Endpoint from() const { return *from_.endpoint(); }
  uint16_t port() const { return sys::local_endpoint(socket_)->port; }
  bool has_some(int milliseconds = 0) const { return World::has_visitor(socket_, milliseconds); }

 private:
  OwnedFd socket_;
  sys::SocketAddress from_;
};

}  // namespace

TEST_CASE("datagrams go to a name whose rule has UDP, and their answers come from the address they went to") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    for (const auto family : {kV4, kV6}) {
      if (family == kV6 && !world.has_session_ipv6()) continue;
      const sys::Endpoint name{world.address_of("quic.test", family), 443};
      Datagrams program(world, Side::kSession, name);
      program.send("one");
      program.send("two");
      require_equal(server.receive(), "one");
      require_equal(server.receive(), "two");
      server.answer("three");
      require_equal(program.receive(), "three");  // a connected socket takes it from there alone
      require(program.from() == name, "it came from elsewhere");
    }
  });
}

TEST_CASE("datagrams of every size pass unchanged, empty ones too") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    for (const auto family : {kV4, kV6}) {
      if (family == kV6 && !world.has_session_ipv6()) continue;
      Datagrams program(world, Side::kSession, {world.address_of("quic.test", family), 443});
      for (const std::size_t size : {0U, 1U, 2U, 1200U, 1201U, 9000U, 65'000U, 65'488U}) {
        std::string bytes(size, 'x');
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
        program.send(bytes);
        require(server.has_some(20'000), fmt::format("{} bytes did not come", size));
        require(server.receive() == bytes, fmt::format("{} bytes came changed", size));
        server.answer(bytes);
        require(program.has_some(20'000), fmt::format("{} bytes did not come back", size));
        require(program.receive() == bytes, fmt::format("{} bytes came back changed", size));
      }
    }
  });
}

TEST_CASE("each socket of a program is a flow of its own") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    const sys::Endpoint name{world.address_of("quic.test"), 443};
    Datagrams one(world, Side::kSession, name), two(world, Side::kSession, name);
    one.send("one");
    require_equal(server.receive(), "one");
    const sys::Endpoint first = server.from();
    two.send("two");
    require_equal(server.receive(), "two");
    require(server.from() != first, "both come from one port");
    server.answer("2");
    require_equal(two.receive(), "2");
    require(!one.has_some(100), "the other got it too");
  });
}

TEST_CASE("nobody but the server that was asked can answer") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    Datagrams stranger(world, Side::kHost, at("93.184.216.35", 443));
    Datagrams program(world, Side::kSession, {world.address_of("quic.test"), 443});
    program.send("?");
    server.receive();
    const OwnedFd spoof = world.socket(Side::kHost, kV4, SOCK_DGRAM);
    const sys::SocketAddress flow(server.from());
    require(sys::try_binding(spoof, at("93.184.216.36", 443)) == 0, "not bound");
    ::sendto(spoof.get(), "!", 1, 0, flow.get(), flow.size);
    require(!program.has_some(100), "a stranger's datagram came in");
  });
}

TEST_CASE("a datagram from a server's own address, bound inside, is not carried: its answer would come back for ever") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    const sys::Endpoint name{world.address_of("quic.test"), 443};
    const OwnedFd program = world.socket(Side::kSession, kV4, SOCK_DGRAM);
    require(sys::try_binding(program, name) == 0, "no program can speak from there");
    const sys::SocketAddress to(name);
    require(::sendto(program.get(), "?", 1, 0, to.get(), to.size) == 1, "not sent");
    require(!server.has_some(200), "it was carried");
  });
}

TEST_CASE("a denied address ends the flows to it, whatever name they were for") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    Datagrams program(world, Side::kSession, {world.address_of("quic.test"), 443});
    program.send("one");
    server.receive();
    NetworkRule address = address_rule("93.184.216.34", 443);
    world.tell(as_json({LiveRule::Kind::kDeny, address, 0ms}));
    require(world.ended().outcome == News::Outcome::kDenied, "another outcome");
  });
}

TEST_CASE("an address that a rule with UDP names is reached by UDP") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.9", 123));
    Datagrams program(world, Side::kSession, at("93.184.216.9", 123));
    program.send("time?");
    require_equal(server.receive(), "time?");
    server.answer("now");
    require_equal(program.receive(), "now");
  });
}

TEST_CASE("what no rule with UDP names is refused, by the rule-set or by the relay") {
  in_world(sample, [](World& world) {
    const Datagrams inner(world, Side::kHost, at("10.0.0.5", 443)), own(world, Side::kHost, at("127.0.0.1", 443));
    const Datagrams other(world, Side::kHost, at("93.184.216.34", 443));
    for (const char* elsewhere : {"8.8.8.8", "93.184.216.9"})
      require(Datagrams(world, Side::kSession, at(elsewhere, 443)).try_sending("x") == EPERM, elsewhere);
    require(Datagrams(world, Side::kSession, {world.address_of("quic.test"), 444}).try_sending("x") == EPERM,
            "the next port is open");
    Datagrams(world, Side::kSession, {world.address_of("tcp.test"), 443}).send("x");
    News news = world.next(News::Kind::kDenied);
    while (text_in(news.name) != "tcp.test") news = world.next(News::Kind::kDenied);
    for (const char* name : {"inner.bad.test", "own.bad.test"}) {
      Datagrams(world, Side::kSession, {world.address_of(name), 443}).send("x");
      news = world.ended();
      require_equal(text_in(news.name), name);
      require(news.outcome == News::Outcome::kDenied && news.protocol == IPPROTO_UDP, "other news");
    }
    for (const Datagrams* server : {&inner, &own, &other}) require(!server->has_some(), "one came through");
  });
}

TEST_CASE("a flow is told of, and ends when nothing passes for a while") {
  const auto setting = [] {
    Setting made = sample();
    made.patience.idle_flow = 300ms;
    return made;
  };
  in_world(setting, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    Datagrams program(world, Side::kSession, {world.address_of("quic.test"), 443});
    program.send("12345");
    server.receive();
    server.answer("123");
    program.receive();
    const News began = world.next(News::Kind::kBegan);
    require(began.client_port == program.port() && began.protocol == IPPROTO_UDP, "another program's");
    const News news = world.ended();
    require(news.id == began.id && news.up == 5 && news.down == 3, "other bytes");
    require(news.outcome == News::Outcome::kConnected, "another outcome");
    require_equal(text_in(news.name), "quic.test");
  });
}

TEST_CASE("a server's port that is closed is told as unreachable") {
  const auto setting = [] {
    Setting made = sample();
    made.patience.idle_flow = 300ms;
    return made;
  };
  in_world(setting, [](World& world) {
    Datagrams program(world, Side::kSession, {world.address_of("quic.test"), 443});
    program.send("anybody?");
    require(world.ended().outcome == News::Outcome::kUnreachable, "another outcome");
  });
}

TEST_CASE("flows count as connections, and bytes as bytes") {
  const auto setting = [] {
    Setting made = sample();
    made.list.connections.value = 1;
    made.list.bytes = {1000};
    return made;
  };
  in_world(setting, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    const sys::Endpoint name{world.address_of("quic.test"), 443};
    Datagrams one(world, Side::kSession, name), two(world, Side::kSession, name);
    one.send("one");
    require_equal(server.receive(), "one");
    two.send("two");
    require(world.next(News::Kind::kDenied).outcome == News::Outcome::kOverBudget, "a second one is open");
    require(!server.has_some(), "the second came through");
    one.send(std::string(2000, 'x'));
    require(world.ended().outcome == News::Outcome::kOverBudget, "another outcome");
  });
}

TEST_CASE("a denial ends a flow") {
  in_world(sample, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    Datagrams program(world, Side::kSession, {world.address_of("quic.test"), 443});
    program.send("one");
    server.receive();
    world.tell(as_json({LiveRule::Kind::kDeny, rule("quic.test", 443), 0ms}));
    require(world.ended().outcome == News::Outcome::kDenied, "another outcome");
    program.send("two");
    require(!server.has_some(100), "it goes on");
  });
}

TEST_CASE("a flood of datagrams from ever new ports is folded, and connections go on") {
  const auto setting = [] {
    Setting made = sample();
    made.list.connections.value = 50;
    return made;
  };
  in_world(setting, [](World& world) {
    Datagrams server(world, Side::kHost, at("93.184.216.34", 443));
    const sys::Endpoint name{world.address_of("quic.test"), 443};
    for (int i = 0; i < 2000; ++i) Datagrams(world, Side::kSession, name).send("flood");
    world.address_of("tcp.test");
    require(world.next(News::Kind::kDenied).outcome == News::Outcome::kOverBudget, "another outcome");
  });
}

}  // namespace clawbox::egress::world
