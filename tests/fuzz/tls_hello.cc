// The reader of TLS hellos, fed with damaged ones: in pieces of any size the verdict is the same, and only a hello that
// names the host passes.
#include "egress/tls_hello.h"

#include <string>

#include "base/host_name.h"
#include "egress/opening.h"
#include "fuzz/mutations.h"
#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress {
namespace {

std::vector<std::string> hellos() {
  using namespace samples;
  const std::string full = server_name("example.org") + alpn({"h2", "http/1.1"}) +
                           extension(10, block(2, number(29, 2))) + extension(43, block(1, number(0x0304, 2))) +
                           extension(51, block(2, number(29, 2) + block(2, std::string(32, 'k'))));
  return {records(hello(full)),
          records(hello(full), 50),
          records(hello(full), 1),
          records(hello(alpn({"h2"}))),
          records(hello(server_name("evil.org") + ech())),
          records(hello(extension(51, std::string(1200, 'k')) + full), 700)};
}

TlsHelloReader in_pieces(const std::string& bytes, fuzz::Mutations& mutations) {
  TlsHelloReader reader;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = 1 + mutations.below(30);
    reader.feed(std::string_view(bytes).substr(at, size));
    at += size;
  }
  return reader;
}

}  // namespace

TEST_CASE("damaged hellos are read the same in every cut") {
  fuzz::Mutations mutations(hellos());
  std::size_t done = 0, broken = 0;
  for (uint64_t i = 0; i < fuzz::Mutations::rounds(); ++i) {
    const std::string bytes = mutations.next();
    TlsHelloReader whole;
    whole.feed(bytes);
    const TlsHelloReader pieces = in_pieces(bytes, mutations);
    REQUIRE(whole.state() == pieces.state());
    REQUIRE(whole.problem() == pieces.problem());
    REQUIRE(whole.hello().server_name == pieces.hello().server_name);
    REQUIRE(whole.hello().encrypted_hello == pieces.hello().encrypted_hello);
    done += whole.state() == TlsHelloReader::State::kDone ? 1U : 0U;
    broken += whole.state() == TlsHelloReader::State::kBroken ? 1U : 0U;
  }
  CHECK(done > fuzz::Mutations::rounds() / 20);
  CHECK(broken > fuzz::Mutations::rounds() / 20);
}

TEST_CASE("of damaged hellos only those that name the host pass") {
  fuzz::Mutations mutations(hellos());
  for (uint64_t i = 0; i < fuzz::Mutations::rounds() / 4; ++i) {
    const std::string bytes = mutations.next();
    Opening opening("example.org", 443, Speaks::kAuto, Ech::kRefuse);
    if (!std::holds_alternative<Opening::Pass>(opening.feed(bytes))) continue;
    TlsHelloReader reader;
    reader.feed(bytes);
    REQUIRE(canonical_host_name(reader.hello().server_name.value_or("")) == "example.org");
    REQUIRE_FALSE(reader.hello().encrypted_hello);
  }
}

}  // namespace clawbox::egress
