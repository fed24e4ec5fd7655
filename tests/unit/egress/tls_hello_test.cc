#include "egress/tls_hello.h"

#include <string>

#include "support/catch.h"
#include "unit/egress/samples.h"

namespace clawbox::egress {
namespace {

using State = TlsHelloReader::State;
using samples::block;
using samples::hello;
using samples::records;

TlsHelloReader fed(const std::string& bytes) {
  TlsHelloReader reader;
  reader.feed(bytes);
  return reader;
}

TlsHelloReader fed_slowly(const std::string& bytes) {
  TlsHelloReader reader;
  for (const char byte : bytes) reader.feed({&byte, 1});
  return reader;
}

}  // namespace

TEST_CASE("a hello tells its server's name and protocols, at once and byte by byte") {
  const std::string bytes = samples::hello_to("Example.org");
  for (const TlsHelloReader& reader : {fed(bytes), fed_slowly(bytes)}) {
    REQUIRE(reader.state() == State::kDone);
    CHECK(reader.hello().server_name == "Example.org");
    CHECK(reader.hello().protocols == std::vector<std::string>{"h2", "http/1.1"});
    CHECK_FALSE(reader.hello().encrypted_hello);
  }
}

TEST_CASE("every byte but the last leaves the reader waiting") {
  const std::string bytes = samples::hello_to("example.org");
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(fed(bytes.substr(0, size)).state() == State::kNeedMore);
}

TEST_CASE("a hello in many small records, or of many kilobytes, is read") {
  const std::string large =
      hello(samples::extension(51, std::string(40000, 'k')) + samples::server_name("example.org"));
  CHECK(fed(records(large, 50)).hello().server_name == "example.org");
  CHECK(fed_slowly(records(large, 16384)).hello().server_name == "example.org");
  CHECK(fed(records(hello(samples::server_name("example.org")), 1)).hello().server_name == "example.org");
}

TEST_CASE("a hello in too many records or of too many bytes is broken") {
  const std::string large = hello(samples::extension(51, std::string(4000, 'k')) + samples::server_name("example.org"));
  CHECK(fed(records(large, 1)).state() == State::kBroken);
  CHECK(fed(records("\x01" + samples::number(kMaxHello + 1, 3) + std::string(100, 'x'))).state() == State::kBroken);
  CHECK(fed(records("\x01" + samples::number(kMaxHello, 3) + std::string(100, 'x'))).state() == State::kNeedMore);
}

TEST_CASE("an empty record and one above TLS's size are broken") {
  CHECK(fed(std::string("\x16\x03\x01\x00\x00", 5)).state() == State::kBroken);
  CHECK(fed(std::string("\x16\x03\x01\x40\x01", 5)).state() == State::kBroken);
}

TEST_CASE("what is no handshake or no client's hello is broken at its first wrong byte") {
  CHECK(fed("G").state() == State::kBroken);
  CHECK(fed("\x17").state() == State::kBroken);
  CHECK(fed("\x16\x02").state() == State::kBroken);
  CHECK(fed(records("\x02" + block(3, "server"))).state() == State::kBroken);
  CHECK(fed("\x80\x2e\x01").state() == State::kBroken);  // SSL 2
}

TEST_CASE("a hello without a name, or without extensions, has none") {
  CHECK(fed(records(hello(samples::alpn({"h2"})))).state() == State::kDone);
  CHECK_FALSE(fed(records(hello(samples::alpn({"h2"})))).hello().server_name);
  const std::string old = "\x03\x01" + std::string(32, 'r') + block(1, "") + block(2, std::string("\0\x2f", 2)) +
                          block(1, std::string(1, '\0'));
  CHECK(fed(records("\x01" + block(3, old))).state() == State::kDone);
}

TEST_CASE("two names, a name of another kind, an empty one and wrong lengths are broken") {
  const auto extensions = GENERATE(
      as<std::string>{}, samples::server_name("a.org") + samples::server_name("b.org"),
      samples::extension(
          0, block(2, samples::number(0, 1) + block(2, "a.org") + samples::number(0, 1) + block(2, "b.org"))),
      samples::extension(0, block(2, samples::number(1, 1) + block(2, "a.org"))), samples::server_name(""),
      samples::extension(0, ""), samples::extension(0, block(2, samples::number(0, 1) + block(2, "a.org")) + "x"),
      samples::extension(0, samples::number(200, 2) + "x"), samples::number(0, 2) + samples::number(50, 2) + "short",
      std::string("\0", 1));
  CHECK(fed(records(hello(extensions))).state() == State::kBroken);
}

TEST_CASE("an encrypted hello is seen") {
  CHECK(fed(records(hello(samples::server_name("outer.org") + samples::ech()))).hello().encrypted_hello);
}

TEST_CASE("a name with a NUL or of odd bytes is given as it came") {
  const std::string name("a.org\0.evil", 11);
  CHECK(fed(samples::hello_to(name)).hello().server_name == name);
}

TEST_CASE("after the verdict nothing more is read") {
  TlsHelloReader reader = fed(samples::hello_to("example.org") + "and more");
  CHECK(reader.feed("x") == State::kDone);
  CHECK(reader.hello().server_name == "example.org");
  TlsHelloReader broken = fed("G");
  CHECK(broken.feed(samples::hello_to("example.org")) == State::kBroken);
}

TEST_CASE("the alert is access_denied, fatal") {
  CHECK(tls_access_denied() == std::string("\x15\x03\x03\x00\x02\x02\x31", 7));
}

}  // namespace clawbox::egress
