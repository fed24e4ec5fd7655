#include "audit/index.h"

#include <sys/wait.h>

#include "audit/verify.h"
#include "support/catch.h"
#include "unit/audit/trails.h"

using namespace clawbox;

TEST_CASE("the index holds the head of each trail that ended, chained") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  dir.add_ended("b", 2);
  const auto lines = dir.lines("index.jsonl");
  REQUIRE(lines.size() == 2);
  const Json second = Json::parse(lines[1]);
  CHECK(second["session"] == "b");
  CHECK(second["event"] == "session.head");
  CHECK(second["records"] == 4);
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("sessions that end at the same time all get their line, and the chain holds") {
  const test::TrailDirectory dir;
  constexpr int kProcesses = 8, kEach = 25;
  for (int process = 0; process < kProcesses; ++process) {
    if (::fork() != 0) continue;
    int status = 0;
    try {
      for (int i = 0; i < kEach; ++i) dir.add_ended(fmt::format("p{}-{}", process, i), 1);
    } catch (...) {
      status = 1;
    }
    ::_exit(status);
  }
  for (int process = 0; process < kProcesses; ++process) {
    int status = 0;
    ::wait(&status);
    CHECK(status == 0);
  }
  CHECK(dir.lines("index.jsonl").size() == kProcesses * kEach);
  const audit::Verified verified = audit::verify(dir.fd());
  CHECK(verified.sessions == kProcesses * kEach);
  CHECK(verified.findings.empty());
}

TEST_CASE("half a line that a crash left in the index is cut off and said, and the chain holds") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  std::ofstream(dir.file("index.jsonl"), std::ios::app) << R"({"v":1,"se)";
  CHECK(audit::verify(dir.fd()).findings.empty());
  dir.add_ended("b", 1);
  const auto lines = dir.lines("index.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(Json::parse(lines[1])["torn"] == 10);
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("an index of nothing but half a line begins anew") {
  const test::TrailDirectory dir;
  test::write_file(dir.file("index.jsonl"), "{");
  dir.add_ended("a", 1);
  CHECK(Json::parse(dir.lines("index.jsonl").at(0))["seq"] == 1);
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("an index whose last line is no record does not keep a session from ending, and is named") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  std::ofstream(dir.file("index.jsonl"), std::ios::app) << "hello\n";
  dir.add_ended("b", 1);
  const auto findings = audit::verify(dir.fd()).findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].file == "index.jsonl");
  CHECK(findings[0].line == 2);
}

TEST_CASE("the index never follows a symlink") {
  const test::TrailDirectory dir;
  std::filesystem::create_symlink(dir.file("elsewhere"), dir.file("index.jsonl"));
  CHECK_THROWS_AS(dir.add_ended("a", 1), SysError);
  CHECK_FALSE(dir.has("elsewhere"));
}
