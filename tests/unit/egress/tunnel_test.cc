#include "egress/tunnel.h"

#include "support/catch.h"

namespace clawbox::egress {
namespace {

using State = TunnelAnswer::State;

UpstreamProxy proxy(std::string credentials = "", std::vector<std::string> no_proxy = {}) {
  return {"proxy.example", 3128, std::move(credentials), std::move(no_proxy), {}, "https_proxy"};
}

}  // namespace

TEST_CASE("a tunnel is asked for by name and port, with credentials where there are some") {
  CHECK(tunnel_request(proxy(), "a.org", 443) == "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org:443\r\n\r\n");
  CHECK(tunnel_request(proxy("user:pass"), "a.org", 22) ==
        "CONNECT a.org:22 HTTP/1.1\r\nHost: a.org:22\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n");
  CHECK(tunnel_request(proxy("u:p"), "a.org", 1).find("Basic dTpw\r\n") != std::string::npos);
  CHECK(tunnel_request(proxy("us:p"), "a.org", 1).find("Basic dXM6cA==\r\n") != std::string::npos);
  CHECK(tunnel_request(proxy("use:p"), "a.org", 1).find("Basic dXNlOnA=\r\n") != std::string::npos);
}

TEST_CASE("an answer of 2xx opens the tunnel, and what follows its head is the server's") {
  const std::string head = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
  const TunnelAnswer answer = tunnel_answer(head + "SSH-2.0");
  CHECK(answer.state == State::kOpen);
  CHECK(answer.head == head.size());
  for (std::size_t size = 0; size < head.size(); ++size)
    CHECK(tunnel_answer(head.substr(0, size)).state == State::kNeedMore);
}

TEST_CASE("any other answer refuses, with its status") {
  for (const char* status : {"407", "403", "502", "100", "301"}) {
    const TunnelAnswer answer = tunnel_answer(std::string("HTTP/1.0 ") + status + " No\r\n\r\n");
    CHECK(answer.state == State::kRefused);
    CHECK(answer.status == status);
  }
}

TEST_CASE("what is no answer of HTTP is nonsense") {
  for (const char* bytes :
       {"\r\n\r\n", "HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2xx OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/11.1 200\r\n\r\n"}) {
    CAPTURE(bytes);
    const TunnelAnswer answer = tunnel_answer(bytes);
    CHECK(answer.state == State::kRefused);
    CHECK(answer.status == "nonsense");
  }
}

TEST_CASE("no_proxy names a host, what is below it, or everything") {
  const UpstreamProxy some = proxy("", {"corp.example", "10.0.0.1"});
  CHECK(goes_past(some, "corp.example"));
  CHECK(goes_past(some, "a.corp.example"));
  CHECK(goes_past(some, "10.0.0.1"));
  CHECK_FALSE(goes_past(some, "xcorp.example"));
  CHECK_FALSE(goes_past(some, "example"));
  CHECK_FALSE(goes_past(proxy(), "a.org"));
  CHECK(goes_past(proxy("", {"*"}), "a.org"));
}

}  // namespace clawbox::egress
