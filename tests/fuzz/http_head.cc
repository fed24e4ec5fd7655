// The reader of HTTP heads, fed with damaged ones: in pieces of any size the verdict is the same, and what passes names
// one host, as every server would read it.
#include "egress/http_head.h"

#include <algorithm>
#include <string>

#include "base/host_name.h"
#include "base/ip_address.h"
#include "fuzz/mutations.h"
#include "support/catch.h"

namespace clawbox::egress {
namespace {

std::vector<std::string> heads() {
  return {"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n",
          "POST /a/b?c=d HTTP/1.1\r\nhost:example.org:8080\r\nContent-Length: 3\r\n\r\nabc",
          "GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n",
          "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: example.org\r\nHost: evil.org\r\n\r\n",
          "OPTIONS * HTTP/1.0\r\nHost: [2001:db8::1]:80\r\n\r\n",
          "GET / HTTP/1.1\r\nX: y\r\n folded\r\nHost: 10.0.0.1\r\n\r\n"};
}

// As the most lenient server might: every line end is one, blanks do not count, case neither.
std::size_t host_fields(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::replace(head.begin(), head.end(), '\r', '\n');
  std::replace(head.begin(), head.end(), '\0', '\n');
  std::size_t count = 0;
  for (std::size_t at = head.find('\n'); at != std::string::npos; at = head.find('\n', at + 1)) {
    const std::size_t word = head.find_first_not_of(" \t\v\f", at + 1);
    if (word == std::string::npos || head.compare(word, 4, "host") != 0) continue;
    const std::size_t colon = head.find_first_not_of(" \t\v\f", word + 4);
    if (colon != std::string::npos && head[colon] == ':') ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("damaged heads are read the same in every cut, and those that pass name one host") {
  fuzz::Mutations mutations(heads());
  std::size_t done = 0, broken = 0;
  for (uint64_t i = 0; i < fuzz::Mutations::rounds(); ++i) {
    const std::string bytes = mutations.next();
    HttpHeadReader whole, pieces;
    whole.feed(bytes);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + mutations.below(20);
      pieces.feed(std::string_view(bytes).substr(at, size));
      at += size;
    }
    REQUIRE(whole.state() == pieces.state());
    REQUIRE(whole.head().host == pieces.head().host);
    broken += whole.state() == HttpHeadReader::State::kBroken ? 1U : 0U;
    if (whole.state() != HttpHeadReader::State::kDone) continue;
    ++done;
    const std::string& host = whole.head().host;
    const bool canonical = parse_ip_address(host) || canonical_host_name(host) == host;
    REQUIRE(canonical);
    REQUIRE(host_fields(bytes.substr(0, bytes.find("\r\n\r\n") + 2)) <= 1);
  }
  CHECK(done > fuzz::Mutations::rounds() / 20);
  CHECK(broken > fuzz::Mutations::rounds() / 20);
}

}  // namespace clawbox::egress
