#include "egress/opening.h"

#include <string>

#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress {
namespace {

std::string words(const Opening::Step& step) {
  if (std::holds_alternative<Opening::NeedMore>(step)) return "more";
  if (std::holds_alternative<Opening::Pass>(step)) return "pass";
  return "refused: " + std::get<Opening::Refuse>(step).why;
}

Opening web(Ech ech = Ech::kRefuse) { return {"example.org", 443, Speaks::kAuto, ech}; }
Opening other_port(Speaks speaks = Speaks::kAuto) { return {"example.org", 5000, speaks, Ech::kRefuse}; }
bool refused(const Opening::Step& step) { return std::holds_alternative<Opening::Refuse>(step); }
std::string request(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }

}  // namespace

TEST_CASE("a hello that names the host passes, in every spelling") {
  Opening opening = web();
  CHECK(words(opening.begin()) == "more");
  CHECK(opening.dial() == Opening::Dial::kAfterPass);
  CHECK(words(opening.feed(samples::hello_to("EXAMPLE.org."))) == "pass");
  CHECK(opening.protocol() == "tls");
}

TEST_CASE("a hello for another host, for none or for an address is refused with an alert") {
  const auto hello = GENERATE(as<std::string>{}, samples::hello_to("evil.org"), samples::hello_to("a.example.org"),
                              samples::hello_to("127.0.0.1"), samples::hello_to(std::string("example.org\0", 12)),
                              samples::records(samples::hello(samples::alpn({"h2"}))));
  Opening opening = web();
  const Opening::Step step = opening.feed(hello);
  REQUIRE(refused(step));
  CHECK(std::get<Opening::Refuse>(step).reply == tls_access_denied());
}

TEST_CASE("an encrypted hello is refused unless the profile takes it") {
  const std::string hidden = samples::records(samples::hello(samples::server_name("example.org") + samples::ech()));
  Opening strict = web(), open = web(Ech::kAllow);
  CHECK(words(strict.feed(hidden)).find("ECH") != std::string::npos);
  CHECK(words(open.feed(hidden)) == "pass");
}

TEST_CASE("a request for the host passes and one for another gets a 403 that says why") {
  Opening right = web(), wrong = web();
  CHECK(words(right.feed(request("example.org:443"))) == "pass");
  CHECK(right.protocol() == "http");
  const Opening::Step step = wrong.feed(request("evil.org"));
  REQUIRE(refused(step));
  CHECK(std::get<Opening::Refuse>(step).reply.find("403 Forbidden") != std::string::npos);
  CHECK(std::get<Opening::Refuse>(step).reply.find("the connection is to 'example.org'") != std::string::npos);
}

TEST_CASE("on the web's ports nothing else passes, silence neither") {
  for (const std::string bytes : {"SSH-2.0-x\r\n", "\x17\x03\x03", "\x80\x2e\x01", "\r\n"}) {
    Opening opening = web();
    CHECK(refused(opening.feed(bytes)));
  }
  Opening silent = web();
  CHECK(words(silent.server_spoke()) == "more");
  CHECK(refused(silent.time_is_up()));
  Opening ended = web();
  CHECK(refused(ended.client_ended()));
}

TEST_CASE("byte by byte the verdict is the same") {
  for (const Speaks speaks : {Speaks::kAuto, Speaks::kTls}) {
    Opening opening("example.org", 443, speaks, Ech::kRefuse);
    const std::string hello = samples::hello_to("example.org");
    for (std::size_t i = 0; i + 1 < hello.size(); ++i) REQUIRE(words(opening.feed(hello.substr(i, 1))) == "more");
    CHECK(words(opening.feed(hello.substr(hello.size() - 1))) == "pass");
  }
}

TEST_CASE("a rule can want TLS or HTTP on any port") {
  Opening tls = other_port(Speaks::kTls), http = other_port(Speaks::kHttp);
  CHECK(tls.dial() == Opening::Dial::kAfterPass);
  CHECK(words(tls.feed(request("example.org"))).find("must begin with a TLS hello") != std::string::npos);
  CHECK(words(http.feed(samples::hello_to("example.org"))).find("must begin with an HTTP request") !=
        std::string::npos);
}

TEST_CASE("where the server speaks first everything passes after that") {
  Opening opening = other_port();
  CHECK(opening.dial() == Opening::Dial::kAtOnce);
  CHECK(words(opening.begin()) == "more");
  CHECK(words(opening.server_spoke()) == "pass");
  CHECK(words(opening.feed("EHLO x\r\n")) == "pass");
  CHECK(opening.protocol().empty());
}

TEST_CASE("on other ports other protocols pass at their first bytes") {
  const auto bytes = GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "get key\r\n", "NICK me\r\n",
                              "*1\r\n$4\r\nPING\r\n", std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8), "\x16\x01",
                              "GET key\r\n", "003egit-upload-pack /x\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  Opening opening = other_port();
  CHECK(words(opening.feed(bytes)) == "pass");
  CHECK(opening.protocol() == "other");
}

TEST_CASE("empty lines before a request do not hide it") {
  for (const std::string lines : {"\r\n", "\n\r\n"}) {
    Opening opening = other_port();
    REQUIRE(words(opening.feed(lines)) == "more");
    CHECK(refused(opening.feed(request("evil.org"))));
  }
}

TEST_CASE("on other ports a hello or a request must still name the host") {
  Opening tls = other_port(), http = other_port(), good = other_port();
  CHECK(refused(tls.feed(samples::hello_to("evil.org"))));
  CHECK(refused(http.feed(request("evil.org"))));
  CHECK(words(good.feed(request("example.org"))) == "pass");
}

TEST_CASE("a hello or a request does not pass by waiting in its middle, nor by the server's words") {
  for (const std::string part : {"\x16", "GET ", "G", "GET / HTTP/1.1\r\nHos"}) {
    Opening opening = other_port();
    REQUIRE(words(opening.feed(part)) == "more");
    CHECK(words(opening.server_spoke()) == "more");
    CHECK(refused(opening.time_is_up()));
  }
  Opening endless = other_port();
  CHECK(refused(endless.feed("GET " + std::string(kMaxHttpHead + 1, 'x'))));
}

TEST_CASE("addresses and rules that take everything are not looked at") {
  Opening address("", 443, Speaks::kAuto, Ech::kRefuse), any = other_port(Speaks::kAny);
  CHECK(words(address.begin()) == "pass");
  CHECK(words(any.begin()) == "pass");
}

}  // namespace clawbox::egress
