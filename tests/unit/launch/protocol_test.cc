#include "launch/protocol.h"

#include "support/catch.h"

using namespace clawbox;
using launch::Kind;

TEST_CASE("a failure brings what happened and the remedy") {
  auto [up, down] = sys::make_channel();
  REQUIRE(launch::send(up, launch::failure_packet(ExitStatus::kFeatureMissing, 1, "what happened", "what to do")));
  const auto message = launch::receive(down);
  REQUIRE(message);
  CHECK(message->packet.kind == Kind::kFailed);
  CHECK(message->packet.status == 69);
  CHECK(launch::what_of(message->packet) == "what happened");
  CHECK(launch::remedy_of(message->packet) == "what to do");
}

TEST_CASE("a text that does not fit is cut, and stays inside the packet") {
  const auto packet =
      launch::failure_packet(ExitStatus::kProblemsFound, 0, std::string(5000, 'w'), std::string(5000, 'r'));
  CHECK(launch::what_of(packet).size() + launch::remedy_of(packet).size() < sizeof packet.text);
  CHECK(launch::remedy_of(packet).empty());
}

TEST_CASE("a signal's number arrives") {
  auto [up, down] = sys::make_channel();
  REQUIRE(launch::send(up, Kind::kSignal, 15));
  CHECK(launch::receive(down)->packet.number == 15);
}
