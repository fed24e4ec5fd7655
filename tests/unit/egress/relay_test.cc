// Connections through the real relay.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "egress/tls_hello.h"
#include "relay_world.h"
#include "samples.h"
#include "support/catch.h"

namespace clawbox::egress::world {
namespace {

constexpr auto kV6 = IpAddress::Family::kV6;
using Side = World::Side;

Setting sample() {
  Setting setting;
  setting.list.rules = {rule("ssh.test", 22), rule("web.test", 443),    rule("web.test", 80),
                        rule("six.test", 22), rule("*.below.test", 22), address_rule("198.51.100.0/24", 22),
                        rule("ssh.test", 7)};
  setting.list.rules.push_back(address_rule("93.184.216.0/24", 25));
  setting.hosts =
      "93.184.216.34 ssh.test web.test deep.below.test\n"
      "2606:2800::1 six.test\n";
  return setting;
}

std::string request_to(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }

/// In pieces, each a segment of its own as far as that can be had.
void send_in_pieces(const Stream& stream, std::string_view bytes, std::size_t size) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) stream.send(bytes.substr(0, size));
}

/// A pattern that tells where it is wrong.
std::string pattern(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 31 + i / 251 + seed) & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("a name inside leads to the server of that name, which may speak first") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    for (const char* name : {"ssh.test", "deep.below.test", "SSH.Test"}) {
      const Stream program = world.dial(name, 22);
      const Stream server = world.accept(listening);
      server.send("SSH-2.0-server\r\n");
      require_equal(program.receive(16), "SSH-2.0-server\r\n");
      program.send("SSH-2.0-program\r\n");
      require_equal(server.receive(17), "SSH-2.0-program\r\n");
    }
  });
}

TEST_CASE("IPv6 inside and IPv6 outside need nothing of each other") {
  in_world(sample, [](World& world) {
    if (!world.has_session_ipv6()) return;
    const OwnedFd four = world.listener(Side::kHost, at("93.184.216.34", 22));
    const OwnedFd six = world.listener(Side::kHost, at("2606:2800::1", 22));
    for (const auto family : {IpAddress::Family::kV4, kV6})
      for (const auto& [name, listening] : {std::pair("ssh.test", &four), std::pair("six.test", &six)}) {
        const Stream program = world.dial(name, 22, family);
        const Stream server = world.accept(*listening);
        server.send("hello");
        require_equal(program.receive(5), "hello");
      }
  });
}

TEST_CASE("an address that a rule names is dialled as it is") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.9", 25));
    const Stream program = world.dial(at("93.184.216.9", 25));
    const Stream server = world.accept(listening);
    server.send("220");
    require_equal(program.receive(3), "220");
    Stream refused;
    require(world.try_dialling(at("93.184.217.9", 25), refused) == ECONNREFUSED, "the next prefix is open");
    require(world.try_dialling(at("93.184.216.9", 26), refused) == ECONNREFUSED, "the next port is open");
  });
}

TEST_CASE("a connection is told of with its name, address, bytes and rule") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    Stream program = world.dial("ssh.test", 22);
    const uint16_t port = sys::local_endpoint(program.socket())->port;
    Stream server = world.accept(listening);
    program.send("12345");
    require_equal(server.receive(5), "12345");
    server.send("123");
    server.end();
    require_equal(program.receive_all(), "123");
    program.end();
    const News began = world.next(News::Kind::kBegan);
    require(began.client_port == port, "another program's port");
    const News news = world.ended();
    require(news.id == began.id && news.outcome == News::Outcome::kConnected, "another connection");
    require_equal(text_in(news.name), "ssh.test");
    require_equal(to_string(news.ip()), "93.184.216.34");
    require_equal(text_in(news.rule), "ssh.test:22");
    require(news.up == 5 && news.down == 3 && news.port == 22, "other bytes");
  });
}

TEST_CASE("a TLS hello must name the host, however it is cut") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 443));
    const std::string whole = samples::hello_to("web.test");
    const std::string in_records =
        samples::records(samples::hello(samples::server_name("web.test") + samples::alpn({"h2"})), 50);
    for (const auto& [hello, size] :
         {std::pair(whole, whole.size()), std::pair(whole, std::size_t{1}), std::pair(in_records, std::size_t{7})}) {
      const Stream program = world.dial("web.test", 443);
      send_in_pieces(program, hello, size);
      const Stream server = world.accept(listening);
      require(server.receive(hello.size()) == hello, "the hello came changed");
      server.send("answer");
      require_equal(program.receive(6), "answer");
    }
  });
}

TEST_CASE("a TLS hello that names another host, or none, is answered with an alert") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 443));
    for (const std::string& hello :
         {samples::hello_to("other.test"), samples::records(samples::hello(samples::alpn({"h2"}))),
          samples::records(samples::hello(samples::server_name("web.test") + samples::ech())),
          samples::hello_to("web.test.other.test"), samples::hello_to("93.184.216.34")}) {
      const Stream program = world.dial("web.test", 443);
      program.send(hello);
      require(program.receive_all() == tls_access_denied(), "no alert came");
      require(world.ended().outcome == News::Outcome::kDenied, "it is not told as denied");
    }
    require(!world.has_visitor(listening), "the server was dialled");
  });
}

TEST_CASE("what is neither a hello nor a request does not pass on a port of the web") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 443));
    for (const std::string& bytes :
         {std::string("SSH-2.0-tunnel\r\n"), std::string(100, '\0'), std::string("\x16\x01")}) {
      const Stream program = world.dial("web.test", 443);
      program.send(bytes);
      program.end();
      while (program.error() == 0 && !program.receive(1).empty()) {
      }
      require(world.ended().outcome == News::Outcome::kDenied, "it is not told as denied");
    }
    require(!world.has_visitor(listening), "the server was dialled");
  });
}

TEST_CASE("an HTTP request must be for the host, and a refusal says why") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 80));
    const Stream program = world.dial("web.test", 80);
    send_in_pieces(program, request_to("web.test"), 3);
    const Stream server = world.accept(listening);
    require_equal(server.receive(request_to("web.test").size()), request_to("web.test"));
    server.send("HTTP/1.1 200 OK\r\n\r\n");
    require_equal(program.receive(15), "HTTP/1.1 200 OK");

    const Stream other = world.dial("web.test", 80);
    other.send(request_to("other.test"));
    const std::string reply = other.receive_all();
    require(reply.starts_with("HTTP/1.1 403 "), reply);
    require(reply.find("other.test") != std::string::npos, reply);
    require(!world.has_visitor(listening), "the server was dialled");
  });
}

TEST_CASE("a hello of another name is refused on every port") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream program = world.dial("ssh.test", 22);
    const Stream server = world.accept(listening);
    program.send(samples::hello_to("other.test"));
    require(program.receive_all() == tls_access_denied(), "no alert came");
    require(server.receive_all().empty(), "the server heard some of it");
  });
}

TEST_CASE("a half-closed connection still brings the answer") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream program = world.dial("ssh.test", 22);
    const Stream server = world.accept(listening);
    const std::string question = pattern(200'000, 1), answer = pattern(1'000'000, 2);
    program.send(question);
    program.end();
    require(server.receive_all() == question, "the question came changed");
    server.send(answer.substr(0, 100'000));
    require(program.receive(100'000) == answer.substr(0, 100'000), "the answer came changed");
    server.end();
    require(program.receive_all().empty(), "more than the answer came");
    require(world.ended().up == question.size(), "another size is told");
  });
}

TEST_CASE("a reset is passed on, either way, and an end of the other side after an end") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    for (const bool from_server : {true, false}) {
      Stream program = world.dial("ssh.test", 22);
      Stream server = world.accept(listening);
      server.send("x");
      require_equal(program.receive(1), "x");
      (from_server ? server : program).reset();
      require((from_server ? program : server).error() == ECONNRESET, "no reset came");
      world.ended();
    }
  });
}

TEST_CASE("a server that refuses resets the program's connection, and the record says so") {
  in_world(sample, [](World& world) {
    const Stream program = world.dial("ssh.test", 22);
    require(program.error() == ECONNRESET, "no reset came");
    const News news = world.ended();
    require(news.outcome == News::Outcome::kUnreachable, "another outcome");
    require(text_in(news.detail).find("Connection refused") != std::string::npos, text_in(news.detail));
  });
}

TEST_CASE("a slow reader holds its sender back, and nobody else") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream slow = world.dial("ssh.test", 22);
    const Stream sender = world.accept(listening);
    ::fcntl(sender.socket().get(), F_SETFL, O_NONBLOCK);
    const std::string block = pattern(65536, 3);
    std::size_t sent = 0;
    pollfd writable{sender.socket().get(), POLLOUT, 0};
    while (::poll(&writable, 1, 300) == 1) {
      const ssize_t taken = ::send(sender.socket().get(), block.data(), block.size(), MSG_NOSIGNAL);
      if (taken > 0) sent += static_cast<std::size_t>(taken);
      require(sent < (std::size_t{64} << 20), "nothing holds the sender back");
    }
    const Stream other = world.dial("ssh.test", 22);
    const Stream its_server = world.accept(listening);
    other.send("quick");
    require_equal(its_server.receive(5), "quick");
    sender.end();
    require(slow.receive_all().size() == sent, "bytes were lost");
  });
}

TEST_CASE("many megabytes go both ways at once, unchanged") {
  in_world(sample, [](World& world) {
    const OwnedFd listening = world.listener(Side::kHost, at("93.184.216.34", 22));
    const Stream program = world.dial("ssh.test", 22);
    const Stream server = world.accept(listening);
    constexpr std::size_t kBlock = 300'000;
    for (unsigned round = 0; round < 30; ++round) {
      const std::string up = pattern(kBlock, round), down = pattern(kBlock, round + 7);
      program.send(up);
      require(server.receive(kBlock) == up, "changed on the way up");
      server.send(down);
      require(program.receive(kBlock) == down, "changed on the way down");
    }
  });
}

}  // namespace clawbox::egress::world
