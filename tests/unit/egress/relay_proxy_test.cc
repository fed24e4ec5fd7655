// Ways out and in that are no plain dial: the host's own HTTP proxy, ports of the host, published ports.
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "relay_world.h"
#include "support/catch.h"

namespace clawbox::egress::world {
namespace {

using Side = World::Side;

Setting behind_proxy() {
  Setting setting;
  setting.list.rules = {rule("ssh.test", 22), rule("inner.corp.test", 22), rule("public.test", 22),
                        rule("rebound.test", 22), rule("mixed.test", 22)};
  setting.list.upstream =
      UpstreamProxy{.host = "proxy.test", .port = 3128, .credentials = "me:secret", .no_proxy = {"corp.test"}};
  setting.hosts =
      "10.1.1.1 proxy.test\n93.184.216.34 inner.corp.test public.test mixed.test\n"
      "127.0.0.1 rebound.test\n10.0.0.5 mixed.test\n";
  return setting;
}

constexpr std::string_view kRequest =
    "CONNECT ssh.test:22 HTTP/1.1\r\nHost: ssh.test:22\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";

Setting with_ports() {
  Setting setting;
  setting.list.host_ports = {{5432}};
  setting.list.publish = {{*parse_ip_address("127.0.0.1"), 8080, 3000}};
  return setting;
}

}  // namespace

TEST_CASE("a name that has an address here is looked up twice for the proxy, also from memory, and is on record so") {
  in_world(behind_proxy, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("10.1.1.1", 3128));
    for (int i = 0; i < 3; ++i) {
      Stream program = world.dial("public.test", 22);
      Stream proxy = world.accept(listening);
      require(proxy.receive(26) == "CONNECT public.test:22 HTT", "another request");
      proxy.send("HTTP/1.1 200 OK\r\n\r\nSSH-2.0");
      require_equal(program.receive(7), "SSH-2.0");
      program.end();
      proxy.receive_all();
      proxy.close();
      program.receive_all();
      const News news = world.ended();
      require(news.outcome == News::Outcome::kConnected, "another outcome");
      require_equal(text_in(news.detail), "through the host's proxy proxy.test:3128");
      require(news.ip() != *parse_ip_address("10.1.1.1"), "the proxy's address counts as the server's");
    }
  });
}

TEST_CASE("a name with an address here that is not to be dialled is refused ahead of the proxy") {
  in_world(behind_proxy, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("10.1.1.1", 3128));
    for (const char* name : {"rebound.test", "mixed.test"}) {
      const Stream program = world.dial(name, 22);
      require(program.error() == ECONNRESET, "no reset came");
      const News news = world.ended();
      require(news.outcome == News::Outcome::kDenied, "another outcome");
      require(text_in(news.detail).find("to reach it, add { address = ") != std::string::npos, text_in(news.detail));
    }
    require(!World::has_visitor(listening), "the proxy was asked");
  });
}

TEST_CASE("names are reached through the host's proxy, which looks them up") {
  in_world(behind_proxy, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("10.1.1.1", 3128));
    const Stream program = world.dial("ssh.test", 22);
    const Stream proxy = world.accept(listening);
    require_equal(proxy.receive(kRequest.size()), kRequest);
    proxy.send("HTTP/1.1 200 Connection");
    proxy.send(" established\r\nVia: x\r\n\r\nSSH-2.0");
    require_equal(program.receive(7), "SSH-2.0");
    program.send("hello");
    require_equal(proxy.receive(5), "hello");
  });
}

TEST_CASE("a proxy that refuses, talks without end or goes away ends the connection") {
  in_world(behind_proxy, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("10.1.1.1", 3128));
    for (const std::string& answer : {std::string("HTTP/1.1 403 Forbidden\r\n\r\n"), std::string("nonsense\r\n\r\n"),
                                      std::string(20'000, 'x'), std::string()}) {
      const Stream program = world.dial("ssh.test", 22);
      {
        const Stream proxy = world.accept(listening);
        proxy.receive(kRequest.size());
        if (!answer.empty()) proxy.send(answer);
        if (answer.empty()) proxy.end();
        require(program.error() == ECONNRESET, "no reset came");
      }
      const News news = world.ended();
      require(news.outcome == News::Outcome::kUnreachable, "another outcome");
      require(text_in(news.detail).starts_with("the host's proxy "), text_in(news.detail));
    }
  });
}

TEST_CASE("what no_proxy names goes past the proxy") {
  in_world(behind_proxy, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream program = world.dial("inner.corp.test", 22);
    const Stream server = world.accept(listening);
    server.send("ok");
    require_equal(program.receive(2), "ok");
  });
}

TEST_CASE("a port of the host is the same port of the session's loopback") {
  in_world(with_ports, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("127.0.0.1", 5432));
    const Stream program = world.dial(at("127.0.0.1", 5432));
    const Stream server = world.accept(listening);
    server.send("ok");
    require_equal(program.receive(2), "ok");
    Stream refused;
    require(world.try_dialling(at("127.0.0.1", 5433), refused) == ECONNREFUSED, "the next port is open");
  });
}

TEST_CASE("a published port reaches a server that listens on the session's loopback alone, any number of times") {
  in_world(with_ports, [](World& world) {
    for (const char* where : {"127.0.0.1", "::1"}) {
      if (std::string_view(where) == "::1" && !world.has_session_ipv6()) continue;
      const OwnedFd listening = world.listener(Side::kSession, at(where, 3000));
      for (int i = 0; i < 80; ++i) {
        const Stream visitor(world.socket(Side::kHost, IpAddress::Family::kV4, SOCK_STREAM));
        require(sys::start_connecting(visitor.socket(), at("127.0.0.1", 8080)) == 0, "nobody listens on the host");
        const Stream server = world.accept(listening);
        visitor.send("question");
        require_equal(server.receive(8), "question");
        server.send("answer");
        require_equal(visitor.receive(6), "answer");
        (i % 2 == 0 ? visitor : server).end();
      }
    }
  });
}

TEST_CASE("a published port without a server inside resets who comes") {
  in_world(with_ports, [](World& world) {
    const Stream visitor(world.socket(Side::kHost, IpAddress::Family::kV4, SOCK_STREAM));
    require(sys::start_connecting(visitor.socket(), at("127.0.0.1", 8080)) == 0, "nobody listens on the host");
    require(visitor.error() == ECONNRESET, "no reset came");
    require(world.ended().outcome == News::Outcome::kUnreachable, "another outcome");
  });
}

}  // namespace clawbox::egress::world
