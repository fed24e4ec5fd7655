#include "sys/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "base/error.h"
#include "support/catch.h"
#include "sys/files.h"

using namespace clawbox;

namespace {

std::array<std::byte, 8> packet_of(char letter) {
  std::array<std::byte, 8> packet{};
  packet.fill(static_cast<std::byte>(letter));
  return packet;
}

}  // namespace

TEST_CASE("a packet arrives whole, with its descriptors") {
  auto [left, right] = sys::make_channel();
  sys::Pipe pipe = sys::make_pipe();
  const std::array<int, 1> sent{pipe.write_end.get()};
  REQUIRE(sys::send_packet(left, packet_of('a'), sent));
  std::array<std::byte, 8> got{};
  const auto received = sys::receive_packet(right, got);
  REQUIRE(received);
  CHECK(got == packet_of('a'));
  REQUIRE(received->descriptors.size() == 1);
  sys::write_all(received->descriptors.front(), "x", "the pipe");
}

TEST_CASE("received descriptors are close-on-exec") {
  auto [left, right] = sys::make_channel();
  const std::array<int, 1> sent{left.get()};
  REQUIRE(sys::send_packet(left, packet_of('a'), sent));
  std::array<std::byte, 8> got{};
  const auto received = sys::receive_packet(right, got);
  CHECK((::fcntl(received->descriptors.front().get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a peer that is gone is end-of-file to the reader and false to the writer") {
  auto [left, right] = sys::make_channel();
  right.reset();
  std::array<std::byte, 8> got{};
  CHECK_FALSE(sys::receive_packet(left, got));
  CHECK_FALSE(sys::send_packet(left, packet_of('a')));
}

TEST_CASE("a packet of another size is refused") {
  auto [left, right] = sys::make_channel();
  const std::array<std::byte, 3> small{};
  REQUIRE(sys::send_packet(left, small));
  std::array<std::byte, 8> got{};
  CHECK_THROWS_AS(sys::receive_packet(right, got), SysError);
}
