#include "launch/protocol.h"

#include <fcntl.h>
#include <unistd.h>

#include "launch/words.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

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

TEST_CASE("a signal arrives with the command that it is for") {
  auto [up, down] = sys::make_channel();
  REQUIRE(launch::send(up, Kind::kSignal, 3, 15));
  const auto message = launch::receive(down);
  REQUIRE(message);
  CHECK(message->packet.command == 3);
  CHECK(message->packet.number == 15);
}

TEST_CASE("the words of a command arrive byte by byte, however many they are") {
  Command command;
  command.argv = {"program", "", "with\nnewline", std::string(200'000, 'x'), "\xff\x01"};
  command.directory = "/some where";
  command.environment = {{"A", "1=2"}, {"EMPTY", ""}};
  const Command read = launch::command_in(launch::as_file(command));
  CHECK(read.argv == command.argv);
  CHECK(read.directory == command.directory);
  CHECK(read.environment == command.environment);
}

TEST_CASE("words that end too early are refused") {
  for (const std::string& text : {std::string(), std::string("/\0", 2),
                                  std::string("/\0"
                                              "2\0a\0",
                                              6),
                                  std::string("/\0"
                                              "0\0"
                                              "0\0",
                                              6)}) {
    const test::TempDir dir;
    const OwnedFd file = sys::open(test::write_file(dir / "words", text), O_RDONLY);
    CHECK_THROWS_AS(launch::command_in(file), SysError);
  }
}

TEST_CASE("the words of a command cannot be changed on their way") {
  Command command;
  command.argv = {"true"};
  const OwnedFd words = launch::as_file(command);
  CHECK(::write(words.get(), "x", 1) < 0);
  CHECK(::ftruncate(words.get(), 0) < 0);
  CHECK(launch::command_in(words).argv == command.argv);
}
