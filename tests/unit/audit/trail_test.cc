#include "audit/trail.h"

#include <fcntl.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;

TEST_CASE("every record is one line of JSON, numbered without gaps") {
  const test::TempDir dir;
  audit::Trail trail(sys::open(dir.path(), O_PATH | O_DIRECTORY), "s1");
  trail.append("session.start", {{"argv", {"a\nb"}}});
  trail.append("session.end", {{"exit_status", 0}});
  std::istringstream lines(test::read_file(dir / "s1.jsonl"));
  std::string line;
  for (int number = 1; number <= 2; ++number) {
    REQUIRE(std::getline(lines, line));
    const Json record = Json::parse(line);
    CHECK(record["seq"] == number);
    CHECK(record["session"] == "s1");
  }
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("a trail never continues somebody else's file") {
  const test::TempDir dir;
  test::write_file(dir / "s1.jsonl", "");
  CHECK_THROWS_AS(audit::Trail(sys::open(dir.path(), O_PATH | O_DIRECTORY), "s1"), SysError);
}

TEST_CASE("a trail never follows a symlink") {
  const test::TempDir dir;
  std::filesystem::create_symlink(dir / "elsewhere", dir / "s1.jsonl");
  CHECK_THROWS_AS(audit::Trail(sys::open(dir.path(), O_PATH | O_DIRECTORY), "s1"), SysError);
  CHECK_FALSE(std::filesystem::exists(dir / "elsewhere"));
}
