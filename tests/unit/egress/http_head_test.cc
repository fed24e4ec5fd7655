#include "egress/http_head.h"

#include <string>

#include "support/catch.h"

namespace clawbox::egress {
namespace {

using State = HttpHeadReader::State;

HttpHeadReader fed(const std::string& bytes) {
  HttpHeadReader reader;
  reader.feed(bytes);
  return reader;
}

std::string host_of(const std::string& bytes) {
  HttpHeadReader slow;
  for (const char byte : bytes) slow.feed({&byte, 1});
  const HttpHeadReader fast = fed(bytes);
  CHECK(slow.state() == fast.state());
  if (fast.state() == State::kNeedMore) return "waiting";
  if (fast.state() == State::kBroken) return "broken: " + fast.problem();
  CHECK(slow.head().host == fast.head().host);
  return fast.head().host;
}

struct Request {
  std::string head, host;
};

}  // namespace

TEST_CASE("the host of a request is found, in one form") {
  const auto [head, host] = GENERATE(values<Request>({
      {"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "example.org"},
      {"GET / HTTP/1.1\r\nhOST:\t Example.ORG.:8080 \r\nA: b\r\n\r\nbody", "example.org"},
      {"POST /x?y=http://evil HTTP/1.0\r\nA: b\r\nHost: a.org:\r\n\r\n", "a.org"},
      {"GET http://Example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n", "example.org"},
      {"GET http://example.org:80 HTTP/1.0\r\n\r\n", "example.org"},
      {"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", "example.org"},
      {"OPTIONS * HTTP/1.1\r\nHost: a.org\r\n\r\n", "a.org"},
      {"GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n", "10.0.0.1"},
      {"GET / HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n", "2001:db8::1"},
      {"M-SEARCH / HTTP/1.1\r\nHost: a.org\r\n\r\n", "a.org"},
  }));
  CAPTURE(head);
  CHECK(host_of(head) == host);
}

TEST_CASE("what servers may read differently is broken") {
  const auto head = GENERATE(
      as<std::string>{}, "GET / HTTP/1.1\r\nHost: a.org\r\nHost: a.org\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.org\r\nhost: evil.org\r\n\r\n", "GET http://evil.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
      "CONNECT evil.org:443 HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET / HTTP/1.1\r\nHost : a.org\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: a.org\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.org\r\n evil.org\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.org\nX: y\r\n\r\n", "GET / HTTP/1.1\nHost: a.org\n\n",
      "GET / HTTP/1.1\r\nHost: a.org\n\nX", "GET / HTTP/1.1\r\nHost: a.org\rX\r\n\r\n",
      std::string("GET / HTTP/1.1\r\nHost: a.org\0\r\n\r\n", 33), "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.org, b.org\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a@b.org\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.org:99999\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.org:80:80\r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: a.org\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a.org\r\n\r\n", "GET /\r\nHost: a.org\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET http://u@a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nno colon\r\nHost: a.org\r\n\r\n");
  CAPTURE(head);
  CHECK(host_of(head).find("broken: ") == 0);
}

TEST_CASE("a head that is not whole is waited for, and one without end is broken") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) CHECK(fed(head.substr(0, size)).state() == State::kNeedMore);
  CHECK(fed("GET / HTTP/1.1\r\nX: " + std::string(kMaxHttpHead, 'x')).state() == State::kBroken);
  std::string many = "GET / HTTP/1.1\r\nHost: a.org\r\n";
  for (unsigned i = 0; i < kMaxHttpFields; ++i) many += "A: b\r\n";
  CHECK(fed(many + "\r\n").state() == State::kBroken);
}

TEST_CASE("words and a blank are like a request, other bytes are not") {
  CHECK(like_http("") == Likeness::kMaybe);
  CHECK(like_http("GET") == Likeness::kMaybe);
  CHECK(like_http("GET ") == Likeness::kYes);
  CHECK(like_http(" GET") == Likeness::kNo);
  CHECK(like_http("\x16\x03") == Likeness::kNo);
  CHECK(like_http(std::string(33, 'A')) == Likeness::kNo);
}

TEST_CASE("the refusal is a whole answer") {
  CHECK(http_forbidden("no") ==
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n"
        "Connection: close\r\n\r\nclawbox: no\n");
}

}  // namespace clawbox::egress
