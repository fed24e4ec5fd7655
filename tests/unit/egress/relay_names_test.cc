// The name server of the real relay, and the addresses it gives.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <cerrno>
#include <csignal>

#include "base/json.h"
#include "egress/dns.h"
#include "relay_world.h"
#include "samples.h"
#include "support/catch.h"

namespace clawbox::egress::world {
namespace {

using Side = World::Side;
using samples::query;

constexpr uint16_t kA = 1, kTxt = 16, kAaaa = 28, kHttps = 65;

Setting sample() {
  Setting setting;
  setting.list.rules = {rule("ssh.test", 22), rule("*.below.test", 22)};
  setting.hosts = "93.184.216.34 ssh.test\n";
  setting.name_server = "nameserver 8.20.30.1\n";
  return setting;
}

int code_of(const std::string& answer) { return answer[3] & 15; }
int answers_in(const std::string& answer) { return answer[7]; }

std::string receive_framed(const Stream& stream) {
  const std::string size = stream.receive(2);
  require(size.size() == 2, "the stream has ended");
  return stream.receive(static_cast<std::size_t>(static_cast<uint8_t>(size[0])) << 8 | static_cast<uint8_t>(size[1]));
}

}  // namespace

TEST_CASE("names are answered wherever they are asked, by UDP and TCP, and denied ones go nowhere") {
  in_world(sample, [](World& world) {
    const OwnedFd host_server = world.socket(Side::kHost, IpAddress::Family::kV4, SOCK_DGRAM);
    require(sys::try_binding(host_server, at("8.20.30.1", 53)) == 0, "port 53 is taken");
    std::vector<const char*> servers{"8.8.8.8", "127.0.0.53", "198.18.0.1", "192.168.0.1"};
    if (world.has_session_ipv6()) servers.insert(servers.end(), {"2001:4860:4860::8888", "::1"});
    for (const char* server : servers) {
      require(answers_in(world.ask(query("ssh.test", kA), server)) == 1, server);
      require(code_of(world.ask(query("other.test", kA), server)) == 3, server);
      const Stream stream = world.dial(at(server, 53));
      stream.send(dns::framed(query("ssh.test", kAaaa)) + dns::framed(query("other.test", kA)));
      require(answers_in(receive_framed(stream)) == 1, server);
      require(code_of(receive_framed(stream)) == 3, server);
    }
    for (const uint16_t type : {kTxt, kHttps}) {
      const std::string answer = world.ask(query("ssh.test", type));
      require(code_of(answer) == 0 && answers_in(answer) == 0, "another type has data");
    }
    require(!World::has_visitor(host_server, 100), "the host's name server was asked");
  });
}

TEST_CASE("a question is told of once, with its verdict") {
  in_world(sample, [](World& world) {
    for (int i = 0; i < 3; ++i) world.ask(query("other.test", kA));
    world.ask(query("ssh.test", kA));
    const News denied = world.next(News::Kind::kName);
    require_equal(text_in(denied.name), "other.test");
    require(denied.outcome == News::Outcome::kDenied, "it is not told as denied");
    const News allowed = world.next(News::Kind::kName);
    require_equal(text_in(allowed.name), "ssh.test");
    require(allowed.outcome == News::Outcome::kAllowed, "it is not told as allowed");
  });
}

TEST_CASE("a question in pieces is answered, and a stream of nonsense or one too many is cut off") {
  in_world(sample, [](World& world) {
    const Stream pieces = world.dial(at("8.8.8.8", 53));
    for (const char byte : dns::framed(query("ssh.test", kA))) pieces.send(std::string(1, byte));
    require(answers_in(receive_framed(pieces)) == 1, "no answer");

    const Stream endless = world.dial(at("8.8.8.8", 53));
    const std::string block = "\xff\xff" + std::string(60'000, 'x');
    ::send(endless.socket().get(), block.data(), block.size(), MSG_NOSIGNAL);
    require(endless.error() == ECONNRESET || endless.receive(1).empty(), "it may go on for ever");

    std::vector<Stream> many;
    for (int i = 0; i < 80; ++i) many.push_back(world.dial(at("8.8.8.8", 53)));
    require(many.back().error() == ECONNRESET || many.back().receive(1).empty(), "eighty streams are open");
    world.ask(query("ssh.test", kA));
  });
}

TEST_CASE("odd packets get no answer or an error, and the next one is answered") {
  in_world(sample, [](World& world) {
    const OwnedFd asking = world.socket(Side::kSession, IpAddress::Family::kV4, SOCK_DGRAM);
    require(sys::start_connecting(asking, at("8.8.8.8", 53)) == 0, "no route");
    const std::string good = query("ssh.test", kA);
    std::string loop = good.substr(0, 12) + "\xc0\x0c" + samples::number(1, 2) + samples::number(1, 2);
    for (const std::string& odd :
         {std::string(), std::string(1, 'x'), std::string(4000, '\xff'), good.substr(0, 20), loop,
          query(std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                    std::string(61, 'd'),
                kA)})
      ::send(asking.get(), odd.data(), odd.size(), 0);
    require(answers_in(world.ask(good)) == 1, "no answer");
  });
}

TEST_CASE("an address that was given to no name leads nowhere, and one of before leads where it led") {
  const auto setting = [] {
    Setting made = sample();
    made.earlier.names = {"ssh.test"};
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream old = world.dial(at("198.18.0.16", 22));
    const Stream server = world.accept(listening);
    server.send("ok");
    require_equal(old.receive(2), "ok");
    require(world.address_of("ssh.test") == *parse_ip_address("198.18.0.16"), "the name has moved");

    for (const char* stale : {"198.18.0.17", "198.19.255.255", "198.18.0.2"}) {
      require(world.dial(at(stale, 22)).error() == ECONNRESET, stale);
      const News refused = world.ended();
      require_equal(text_in(refused.detail), "this address was given to no name");
      require(refused.client_port != 0, "it does not say whose socket it was");
    }
    require(world.dial(at("198.18.0.1", 15001)).error() == ECONNRESET, "the listener itself takes connections");
  });
}

TEST_CASE("without nf_tables names below a wildcard are capped too, whatever is asked of them first") {
  const auto setting = [] {
    Setting made = sample();
    made.list.steering = NetworkAllowlist::Steering::kAnyIp;
    made.list.names = {.length = 8, .count = 2, .per_minute = 100};
    return made;
  };
  in_world(setting, [](World& world) {
    for (const char* name : {"secretsecret.below.test", "a.below.test", "b.below.test", "c.below.test"})
      require(code_of(world.ask(query(name, kTxt))) == 0, "a question for a text is refused");
    require(code_of(world.ask(query("secretsecret.below.test", kA))) == 3, "a name that is too long has an address");
    world.address_of("a.below.test");
    world.address_of("b.below.test");
    require(code_of(world.ask(query("c.below.test", kA))) == 3, "a third name has an address");
  });
}

TEST_CASE("without nf_tables a port that a program holds is told once, and listened at when it is free") {
  const auto setting = [] {
    Setting made = sample();
    made.list.rules = {rule("ssh.test", 2222)};  // the relay may bind no privileged one here
    made.list.steering = NetworkAllowlist::Steering::kAnyIp;
    return made;
  };
  in_world(setting, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 2222));
    {
      const OwnedFd held = world.listener(Side::kSession, at("198.18.0.16", 2222));
      world.address_of("ssh.test");
      world.address_of("ssh.test");
      require(text_in(world.next(News::Kind::kFailed).detail).find("198.18.0.16:2222") != std::string::npos,
              "another one");
    }
    const Stream program = world.dial("ssh.test", 2222);
    world.accept(listening).send("ok");
    require_equal(program.receive(2), "ok");
  });
}

TEST_CASE("questions for texts of allowed names are counted when they come too fast, and new names are always told") {
  in_world(sample, [](World& world) {
    for (int i = 0; i < 1500; ++i) world.ask(query(fmt::format("t{}.below.test", i), kTxt));
    world.address_of("late.below.test");
    world.tell(Json{{"finish", true}});
    int names = 0;
    uint32_t lost = 0;
    bool has_late = false;
    while (const auto news = world.next_or_end()) {
      if (news->kind == News::Kind::kName) ++names, has_late = has_late || text_in(news->name) == "late.below.test";
      if (news->kind == News::Kind::kLost) lost += news->count;
    }
    require(names < 1000, fmt::format("{} were told", names));
    require(static_cast<uint32_t>(names) + lost == 1501, fmt::format("{} told, {} counted", names, lost));
    require(has_late, "the name with an address was not told");
  });
}

TEST_CASE("an earlier relay's names keep their addresses, those of rules that are denied or came later too") {
  const auto setting = [] {
    Setting made = sample();
    made.hosts += "93.184.216.34 live.test\n";
    made.earlier.names = {"gone.test", "live.test", "ssh.test"};
    made.earlier.rules = {{LiveRule::Kind::kAllow, rule("live.test", 22)},
                          {LiveRule::Kind::kDeny, rule("ssh.test", 22)}};
    return made;
  };
  in_world(setting, [](World& world) {
    require(world.dial(at("198.18.0.16", 22)).error() == ECONNRESET, "a name that no rule allows is reached");
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    {
      const Stream live = world.dial(at("198.18.0.17", 22));
      world.accept(listening).send("ok");
      require_equal(live.receive(2), "ok");
    }
    require_equal(text_in(world.ended().name), "gone.test");
    require_equal(text_in(world.ended().name), "live.test");
    require(world.dial(at("198.18.0.18", 22)).error() == ECONNRESET, "a name that was denied is reached");
    require_equal(text_in(world.ended().name), "ssh.test");
    require_equal(to_string(world.address_of("new.below.test")), "198.18.0.19");
  });
}

TEST_CASE("an earlier relay's names below a wildcard count among those of the session") {
  const auto setting = [] {
    Setting made = sample();
    made.list.names.count = 2;
    made.earlier.names = {"a.below.test", "b.below.test"};
    return made;
  };
  in_world(setting, [](World& world) {
    world.address_of("b.below.test");
    require(code_of(world.ask(query("c.below.test", kA))) == 3, "a third name has an address");
  });
}

TEST_CASE("once every synthetic address is given, the name server knows old names only") {
  const auto setting = [] {
    Setting made = sample();
    made.list.synthetic = {*parse_ip_prefix("198.18.0.0/27"), *parse_ip_prefix("fdc1:a3b0:c1a0:1::/64")};
    return made;
  };
  in_world(setting, [](World& world) {
    const IpAddress first = world.address_of("n0.below.test");
    int given = 1;
    while (given < 100 && code_of(world.ask(query(fmt::format("n{}.below.test", given), kA))) == 0) ++given;
    require(given == 15, fmt::format("{} names have addresses", given));
    require(world.address_of("n0.below.test") == first, "an old name has moved");
    require(code_of(world.ask(query("ssh.test", kA))) == 3, "there was room after all");
  });
}

TEST_CASE("packets that the rules refuse are counted where their log was full") {
  in_world(sample, [](World& world) {
    const pid_t relay = world.relay().process.pid();
    const OwnedFd sending = world.socket(Side::kSession, IpAddress::Family::kV4, SOCK_DGRAM);
    ::kill(relay, SIGSTOP);
    const sys::SocketAddress to(at("8.8.4.4", 443));
    uint32_t sent = 0, told = 0;
    const auto send = [&] {
      ++sent;
      require(::sendto(sending.get(), "x", 1, 0, to.get(), to.size) < 0 && errno == EPERM, "it was not refused");
    };
    while (sent < 3000) send();
    ::kill(relay, SIGCONT);
    bool was_full = false;
    for (int i = 0; i < 100 && told < sent; ++i) {  // those that are lost show when the next one comes
      const auto news = world.next_or_end();
      require(news.has_value(), "the relay has ended");
      was_full = was_full || news->kind == News::Kind::kLost;
      if (news->kind == News::Kind::kDenied || news->kind == News::Kind::kLost) told += news->count;
      if (news->kind == News::Kind::kDenied && told < sent) send();
    }
    require(was_full, "the log was never full");
    require(told == sent, fmt::format("{} of {} were told", told, sent));
  });
}

TEST_CASE("packets that the rules refuse are told of, with address and port") {
  in_world(sample, [](World& world) {
    Stream refused;
    require(world.try_dialling(at("8.8.4.4", 443), refused) == ECONNREFUSED, "it was not refused");
    const News news = world.next(News::Kind::kDenied);
    require_equal(to_string(news.ip()), "8.8.4.4");
    require(news.port == 443 && news.protocol == IPPROTO_TCP, "another packet");
  });
}

}  // namespace clawbox::egress::world
