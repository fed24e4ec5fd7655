// Which addresses the real relay dials, and which it does not.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "relay_world.h"
#include "samples.h"
#include "support/catch.h"

namespace clawbox::egress::world {
namespace {

using Side = World::Side;

constexpr std::array kForbidden = {
    "127.0.0.1",       "127.9.9.9",   "0.0.0.0",        "10.0.0.5",        "172.16.0.1",
    "192.168.1.1",     "100.64.0.1",  "169.254.7.7",    "169.254.169.254", "168.63.129.16",
    "100.100.100.200", "198.18.0.17", "224.0.0.1",      "255.255.255.255", "240.0.0.1",
    "8.20.30.1",       "::1",         "fe80::1",        "fd00::7",         "fd00:ec2::254",
    "::ffff:10.0.0.5", "::10.0.0.5",  "64:ff9b::a00:5", "2002:a00:5::1",   "ff02::1",
    "2606:4700:1::1",  "2001:db8::1", "2001::a00:5",
};

std::string name_of(std::size_t index) { return fmt::format("n{}.bad.test", index); }

Setting forbidden() {
  Setting setting;
  setting.list.rules = {rule("*.bad.test", 22)};
  for (std::size_t i = 0; i < kForbidden.size(); ++i)
    setting.hosts += fmt::format("{} {}\n", kForbidden[i], name_of(i));
  return setting;
}

Setting named() {
  Setting setting = forbidden();
  for (const char* prefix : {"10.0.0.5", "127.0.0.1", "169.254.0.0/16", "168.63.129.16", "8.20.30.1"})
    setting.list.rules.push_back(address_rule(prefix, 22));
  return setting;
}

void require_refused(World& world, const std::string& name) {
  const Stream program = world.dial(name, 22);
  require(program.error() == ECONNRESET, name + ": no reset came");
  const News news = world.ended();
  require(news.outcome == News::Outcome::kDenied, name + " is not told as denied: " + text_in(news.detail));
}

/// Whether two bytes come through to a server at that address.
void require_reached(World& world, const std::string& name, const sys::Endpoint& server) {
  {
    const OwnedFd listening = world.listener(Side::kHost, server);
    const Stream program = world.dial(name, 22);
    const Stream accepted = world.accept(listening);
    accepted.send("ok");
    require_equal(program.receive(2), "ok");
  }
  require_equal(to_string(world.ended().ip()), to_string(server.address));
}

/// The host's name server, played by the test.
class HostNames {
 public:
  explicit HostNames(const World& world) : socket_(world.socket(Side::kHost, IpAddress::Family::kV4, SOCK_DGRAM)) {
    require(sys::try_binding(socket_, at("8.20.30.1", 53)) == 0, "port 53 is taken");
  }
  bool is_asked() const { return World::has_visitor(socket_); }
  /// The next two questions, which are for IPv4 and IPv6.
  void answer(const std::vector<IpAddress>& addresses) const {
    for (int i = 0; i < 2; ++i) answer_one(addresses);
  }

 private:
  void answer_one(const std::vector<IpAddress>& addresses) const {
    std::array<char, 4096> buffer{};
    sys::SocketAddress from;
    const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
    require(got > 12, "nobody asks");
    const std::string query(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t name_end = query.find('\0', 12);
    const std::string question = query.substr(12, name_end + 5 - 12);
    const bool v4 = question[question.size() - 3] == 1;
    std::string records;
    unsigned count = 0;
    for (const IpAddress& address : addresses) {
      if (address.is_v4() != v4) continue;
      const auto bytes = address.bytes();
      records += "\xc0\x0c" + samples::number(v4 ? 1 : 28, 2) + samples::number(1, 2) + samples::number(60, 4) +
                 samples::block(2, std::string(bytes.begin(), bytes.end()));
      ++count;
    }
    const std::string reply = query.substr(0, 2) + samples::number(0x8180, 2) + samples::number(1, 2) +
                              samples::number(count, 2) + samples::number(0, 4) + question + records;
    ::sendto(socket_.get(), reply.data(), reply.size(), 0, from.get(), from.size);
  }

  OwnedFd socket_;
};

Setting with_name_server() {
  Setting setting;
  setting.list.rules = {rule("moving.test", 22), rule("inner.test", 22), rule("slow.test", 22)};
  setting.name_server = "nameserver 8.20.30.1\noptions timeout:1 attempts:1\n";
  setting.hosts = "2606:2800::1 slow.test\n93.184.216.34 slow.test\n93.184.216.35 slow.test\n";
  return setting;
}

/// A listener whose queue is full: SYN gets no answer.
struct Mute {
  Mute(const World& world, const sys::Endpoint& where)
      : listening(world.socket(Side::kHost, where.address.family(), SOCK_STREAM)),
        first(world.socket(Side::kHost, where.address.family(), SOCK_STREAM)) {
    require(sys::try_binding(listening, where) == 0 && ::listen(listening.get(), 0) == 0, "no listener");
    require(sys::start_connecting(first, where) == 0, "its queue cannot be filled");
  }
  OwnedFd listening, first;
};

}  // namespace

TEST_CASE("a name that leads to an address of no public host is refused, whatever form it has") {
  in_world(forbidden, [](World& world) {
    const OwnedFd loopback = world.listener(Side::kHost, at("127.0.0.1", 22));
    const OwnedFd own = world.listener(Side::kHost, at("8.20.30.1", 22));
    const OwnedFd inner = world.listener(Side::kHost, at("10.0.0.5", 22));
    for (std::size_t i = 0; i < kForbidden.size(); ++i) require_refused(world, name_of(i));
    for (const OwnedFd* listening : {&loopback, &own, &inner})
      require(!World::has_visitor(*listening), "one was dialled");
  });
}

TEST_CASE("an address that a rule names is reached by a name too, and a metadata service by its own rule alone") {
  in_world(named, [](World& world) {
    for (std::size_t i = 0; i < kForbidden.size(); ++i) {
      const std::string_view address = kForbidden[i];
      if (address == "10.0.0.5" || address == "127.0.0.1" || address == "169.254.7.7" || address == "168.63.129.16" ||
          address == "8.20.30.1")
        require_reached(world, name_of(i), at(kForbidden[i], 22));
      if (address == "169.254.169.254" || address == "::ffff:10.0.0.5") require_refused(world, name_of(i));
    }
  });
}

TEST_CASE("the address that was checked is the one that is dialled, and a name is asked for once") {
  in_world(with_name_server, [](World& world) {
    const HostNames names(world);
    const OwnedFd inner = world.listener(Side::kHost, at("127.0.0.1", 22));
    const OwnedFd outer = world.listener(Side::kHost, at("93.184.216.40", 22));
    const Stream program = world.dial("moving.test", 22);
    names.answer({*parse_ip_address("127.0.0.1"), *parse_ip_address("93.184.216.40")});
    const Stream server = world.accept(outer);
    server.send("ok");
    require_equal(program.receive(2), "ok");
    require(!names.is_asked(), "it was asked for twice");

    const Stream second = world.dial("inner.test", 22);
    names.answer({*parse_ip_address("127.0.0.1")});
    require(second.error() == ECONNRESET, "no reset came");
    require(!World::has_visitor(inner), "the loopback was dialled");
  });
}

TEST_CASE("an address that does not answer does not hold up the next one") {
  in_world(with_name_server, [](World& world) {
    const Mute six(world, at("2606:2800::1", 22)), four(world, at("93.184.216.34", 22));
    require_reached(world, "slow.test", at("93.184.216.35", 22));
  });
}

TEST_CASE("an address that answers after another one has won disturbs nobody") {
  in_world(with_name_server, [](World& world) {
    const OwnedFd winner = world.listener(Side::kHost, at("93.184.216.35", 22));
    const Mute six(world, at("2606:2800::1", 22)), four(world, at("93.184.216.34", 22));
    const Stream program = world.dial("slow.test", 22);
    const Stream accepted = world.accept(winner);
    for (const Mute* late : {&six, &four}) world.accept(late->listening);  // makes room for who dials again
    require(!World::has_visitor(six.listening, 1500), "the attempt that lost goes on");
    accepted.send("ok");
    require_equal(program.receive(2), "ok");
  });
}

TEST_CASE("a host without IPv6 reaches what has both kinds of addresses") {
  const auto setting = [] {
    Setting made = with_name_server();
    made.host_ipv6 = Setting::HostIpv6::kNone;
    return made;
  };
  in_world(setting, [](World& world) { require_reached(world, "slow.test", at("93.184.216.34", 22)); });
}

TEST_CASE("without a name server on the host a connection is reset, and the record says why") {
  const auto setting = [] {
    Setting made = with_name_server();
    made.name_server = "";
    return made;
  };
  in_world(setting, [](World& world) {
    const Stream program = world.dial("moving.test", 22);
    require(program.error() == ECONNRESET, "no reset came");
    const News news = world.ended();
    require(news.outcome == News::Outcome::kUnreachable, "another outcome");
    require(text_in(news.detail).starts_with("its name has no address here: "), text_in(news.detail));
  });
}

TEST_CASE("a name server that does not answer costs the time that the relay has for it") {
  const auto setting = [] {
    Setting made = with_name_server();
    made.patience.look_up = std::chrono::milliseconds(300);
    return made;
  };
  in_world(setting, [](World& world) {
    const HostNames mute(world);
    const Stream program = world.dial("moving.test", 22);
    require(program.error() == ECONNRESET, "no reset came");
    require_equal(text_in(world.ended().detail), "its name was not found in time");
  });
}

}  // namespace clawbox::egress::world
