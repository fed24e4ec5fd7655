#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

const std::string kGood = "version = 1\n";

Reading read_bytes(const std::string& bytes) {
  const test::TempDir directory;
  return read(test::write_file(directory / "tried.toml", bytes), {});
}

TEST_CASE("a file of 64 KiB is read and one byte more is refused") {
  const std::string full = kGood + "#" + std::string(64 * 1024 - kGood.size() - 1, 'x');
  CHECK(read_bytes(full).profile);
  CHECK(mistakes_of(read_bytes(full + "x")) == "is larger than 64 KiB");
}

TEST_CASE("a symbolic link is refused even where its target is a good profile") {
  const test::TempDir directory;
  test::write_file(directory / "target.toml", kGood);
  REQUIRE(::symlink("target.toml", (directory / "link.toml").c_str()) == 0);
  CHECK(read(directory / "target.toml", {}).profile);
  const Reading reading = read(directory / "link.toml", {});
  CHECK(reading.refused);
  CHECK(mistakes_of(reading).starts_with("is a symbolic link"));
}

TEST_CASE("a FIFO is refused at once and not waited for") {
  const test::TempDir directory;
  REQUIRE(::mkfifo((directory / "pipe.toml").c_str(), 0600) == 0);
  CHECK(mistakes_of(read(directory / "pipe.toml", {})) == "is a FIFO, not a regular file");
}

TEST_CASE("a directory is refused") {
  const test::TempDir directory;
  CHECK(mistakes_of(read(directory.path(), {})) == "is a directory, not a regular file");
}

TEST_CASE("a device is refused") { CHECK(mistakes_of(read("/dev/null", {})) == "is a device, not a regular file"); }

TEST_CASE("a file that anybody may write is refused") {
  const test::TempDir directory;
  const std::string file = test::write_file(directory / "tried.toml", kGood, 0644);
  CHECK(read(file, {}).profile);
  ::chmod(file.c_str(), 0646);
  const Reading reading = read(file, {});
  CHECK(reading.refused);
  CHECK(mistakes_of(reading).starts_with("can be written by others (mode 0646)"));
}

TEST_CASE("a file of somebody else is refused") {
  if (::geteuid() != 0) return test::skip("kernel: only root can give a file away");
  const test::TempDir directory;
  const std::string file = test::write_file(directory / "tried.toml", kGood);
  CHECK(read(file, {}).profile);
  REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
  const Reading reading = read(file, {});
  CHECK(reading.refused);
  CHECK(mistakes_of(reading).starts_with("belongs to user 12345"));
}

TEST_CASE("a file that a foreign group may write is refused") {
  if (::geteuid() != 0) return test::skip("kernel: only root can give a file to a group that it is not in");
  const test::TempDir directory;
  const std::string file = test::write_file(directory / "tried.toml", kGood, 0664);
  REQUIRE(::chown(file.c_str(), 0, 12345) == 0);
  CHECK(read(file, {}).refused);
}

TEST_CASE("a file that cannot be read is refused") {
  if (::geteuid() == 0) return test::skip("kernel: root can read every file");
  const test::TempDir directory;
  CHECK(read(test::write_file(directory / "tried.toml", kGood, 0000), {}).refused);
}

TEST_CASE("a NUL byte is refused with its line") {
  CHECK(mistakes_of(read_bytes(kGood + std::string("# a\0b\n", 6))) == "2:4: holds a NUL byte");
}

TEST_CASE("invalid UTF-8 is refused with its line") {
  CHECK(mistakes_of(read_bytes(kGood + "description = \"a\xff\"\n")) == "2:17: is not UTF-8: byte 0xff");
  CHECK(mistakes_of(read_bytes(kGood + "# \xc0\xaf\n")) == "2:3: is not UTF-8: byte 0xc0");
  CHECK(mistakes_of(read_bytes(kGood + "# \xed\xa0\x80\n")) == "2:3: is not UTF-8: byte 0xed");
  CHECK(mistakes_of(read_bytes(kGood + "# \xe2\x82")) == "2:3: is not UTF-8: byte 0xe2");
}

TEST_CASE("a key of 30,000 parts is refused before the parser sees it") {
  std::string key = "a";
  for (int i = 0; i < 30000; ++i) key += ".a";
  CHECK(mistakes_of(read_bytes(kGood + key + " = 1\n")) == "2:64: a key of more than 32 parts");
  CHECK(mistakes_of(read_bytes(kGood + "[" + key + "]\n")) == "2:65: a key of more than 32 parts");
  CHECK(mistakes_of(read_bytes(kGood + "x = { " + key + " = 1 }\n")) == "2:70: a key of more than 32 parts");
}

TEST_CASE("a key of 100,000 parts is refused by its size alone") {
  std::string key = "a";
  for (int i = 0; i < 100000; ++i) key += ".a";
  CHECK(mistakes_of(read_bytes(kGood + key + " = 1\n")) == "is larger than 64 KiB");
}

TEST_CASE("brackets nested 60,000 deep are refused before the parser sees them") {
  CHECK(mistakes_of(read_bytes(kGood + "x = " + std::string(60000, '['))) == "2:37: brackets nested more than 32 deep");
  std::string lines;
  for (int i = 0; i < 20000; ++i) lines += "[\n";
  CHECK(mistakes_of(read_bytes(kGood + "x = " + lines)) == "34:1: brackets nested more than 32 deep");
}

TEST_CASE("an unknown call is told together with every other mistake") {
  CHECK(mistakes_of(read_bytes(kGood + "[syscalls]\nallow = ['mouunt']\n[limits]\nmemori = '1GiB'\n")) ==
        "3:10: 'syscalls.allow': there is no system call 'mouunt', did you mean 'mount'?\n"
        "5:1: unknown key 'limits.memori', did you mean 'limits.memory'?");
}

TEST_CASE("what a later release knows is told apart from a mistake, and does not excuse one") {
  CHECK(read_bytes(kGood + "[exec]\nrules = []\n").only_later());
  CHECK_FALSE(read_bytes(kGood + "[exec]\nrules = []\n[network]\nalow = []\n").only_later());
  CHECK_FALSE(read_bytes(kGood).only_later());
}

TEST_CASE("a file that does not exist is missing, not wrong") {
  const test::TempDir directory;
  const Reading reading = read(directory / "absent.toml", {});
  CHECK_FALSE(reading.profile);
  CHECK(reading.mistakes.empty());
  CHECK_FALSE(reading.known_names.empty());
}

}  // namespace
}  // namespace clawbox::profile
