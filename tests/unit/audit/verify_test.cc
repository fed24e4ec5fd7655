#include "audit/verify.h"

#include <functional>

#include "audit/housekeeping.h"
#include "support/catch.h"
#include "unit/audit/trails.h"

using namespace clawbox;
using audit::Finding;

namespace {

using Lines = std::vector<std::string>;

/// The one finding of a directory with a trail "a" whose newest file was changed by `damage`; lines 0 to 5, the last of
/// them session.end.
Finding after_damage(const std::function<void(Lines&)>& damage) {
  const test::TrailDirectory dir;
  dir.add_ended("a", 4);
  dir.add_ended("b", 4);
  REQUIRE(audit::verify(dir.fd()).findings.empty());
  Lines lines = dir.lines("a.jsonl");
  damage(lines);
  dir.put_lines("a.jsonl", lines);
  const auto findings = audit::verify(dir.fd()).findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == Finding::Kind::kChanged);
  CHECK(findings[0].file == "a.jsonl");
  return findings[0];
}

Finding the_finding(const test::TrailDirectory& dir) {
  const auto findings = audit::verify(dir.fd()).findings;
  REQUIRE(findings.size() == 1);
  return findings[0];
}

}  // namespace

TEST_CASE("trails as they were written verify, with how many there are") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 4);
  dir.add_ended("b", 30, {.rotate = 4096});
  const audit::Verified verified = audit::verify(dir.fd());
  CHECK(verified.findings.empty());
  CHECK(verified.sessions == 2);
  CHECK(verified.records == 6 + Json::parse(dir.lines("b.jsonl").back())["seq"].get<uint64_t>());
}

TEST_CASE("a directory without trails verifies") { CHECK(audit::verify(test::TrailDirectory().fd()).findings.empty()); }

TEST_CASE("a flipped bit is found, whichever byte of the trail it is in", "[long]") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 2);
  const std::string good = test::read_file(dir.file("a.jsonl"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    test::write_file(dir.file("a.jsonl"), bad, 0600);
    if (audit::verify(dir.fd()).findings.size() != 1) FAIL("byte " << at);
  }
  test::write_file(dir.file("a.jsonl"), good, 0600);
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("a changed line is named by its number") {
  for (const std::size_t at : {0U, 2U, 5U}) {
    const Finding found = after_damage([at](Lines& lines) { lines[at].replace(lines[at].size() - 3, 1, "X"); });
    CHECK(found.line == at + 1);
  }
}

TEST_CASE("a changed prev names the line that holds it, not the one before it") {
  const Finding found = after_damage([](Lines& lines) {
    char& digit = lines[2][lines[2].find("prev") + 10];
    digit = digit == '0' ? '1' : '0';
  });
  CHECK(found.line == 3);
}

TEST_CASE("a removed line is named by where it was") {
  CHECK(after_damage([](Lines& lines) { lines.erase(lines.begin() + 2); }).line == 3);
  CHECK(after_damage([](Lines& lines) { lines.erase(lines.begin()); }).line == 1);
}

TEST_CASE("swapped lines are named by the first of them") {
  CHECK(after_damage([](Lines& lines) { std::swap(lines[1], lines[2]); }).line == 2);
}

TEST_CASE("a repeated line is named by its second place") {
  CHECK(after_damage([](Lines& lines) { lines.insert(lines.begin() + 2, lines[2]); }).line == 4);
}

TEST_CASE("a line added after the end, or in between, is named") {
  CHECK(after_damage([](Lines& lines) { lines.push_back(lines[1]); }).line == 7);
  CHECK(after_damage([](Lines& lines) { lines.insert(lines.begin() + 3, "{}"); }).line == 4);
}

TEST_CASE("an end that was cut off after the session had ended is tampering: the index knows better") {
  const Finding found = after_damage([](Lines& lines) { lines.resize(4); });
  CHECK(found.line == 4);
  CHECK(found.what.find("2 records follow") != std::string::npos);
}

TEST_CASE("half a line at the end of a trail that had ended is tampering") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 4);
  const std::string text = test::read_file(dir.file("a.jsonl"));
  test::write_file(dir.file("a.jsonl"), text.substr(0, text.size() - 20), 0600);
  CHECK(the_finding(dir).kind == Finding::Kind::kChanged);
}

TEST_CASE("a trail that a crash cut off is told apart from tampering, with half a line and without") {
  const test::TrailDirectory dir;
  dir.add_crashed("a", 3);
  CHECK(the_finding(dir).kind == Finding::Kind::kCutOff);
  CHECK(the_finding(dir).line == 3);
  std::ofstream(dir.file("a.jsonl"), std::ios::app) << R"({"v":1,"seq":4,"pr)";
  CHECK(the_finding(dir).kind == Finding::Kind::kCutOff);
  CHECK(the_finding(dir).line == 4);
}

TEST_CASE("a changed line of a crashed trail is tampering all the same") {
  const test::TrailDirectory dir;
  dir.add_crashed("a", 4);
  Lines lines = dir.lines("a.jsonl");
  lines[1].replace(lines[1].size() - 3, 1, "X");
  dir.put_lines("a.jsonl", lines);
  CHECK(the_finding(dir).kind == Finding::Kind::kChanged);
  CHECK(the_finding(dir).line == 2);
}

TEST_CASE("a crash between the end of a trail and its line in the index is told as such") {
  const test::TrailDirectory dir;
  audit::Trail(dir.fd(), "a").end({});
  CHECK(the_finding(dir).kind == Finding::Kind::kCutOff);
}

TEST_CASE("a living trail is no finding, half a line at its end included") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "a");
  trail.append("session.start", {});
  std::ofstream(dir.file("a.jsonl"), std::ios::app) << R"({"v":1)";
  const audit::Verified verified = audit::verify(dir.fd());
  CHECK(verified.findings.empty());
  CHECK(verified.living == 1);
}

TEST_CASE("a removed segment is named, the first, one in between and the newest") {
  for (const char* gone : {"a.1.jsonl", "a.2.jsonl", "a.jsonl"}) {
    const test::TrailDirectory dir;
    dir.add_ended("a", 60, {.rotate = 4096});
    REQUIRE(dir.has("a.3.jsonl"));
    REQUIRE(audit::verify(dir.fd()).findings.empty());
    std::filesystem::remove(dir.file(gone));
    const Finding found = the_finding(dir);
    CHECK(found.kind == Finding::Kind::kChanged);
    CHECK(found.what.find(std::string(gone) == "a.jsonl" ? "were cut off" : gone) != std::string::npos);
  }
}

TEST_CASE("a trail that is gone is named by its line in the index") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  dir.add_ended("b", 1);
  std::filesystem::remove(dir.file("b.jsonl"));
  CHECK(the_finding(dir).file == "index.jsonl");
  CHECK(the_finding(dir).line == 2);
}

TEST_CASE("a trail under another session's name is found") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  std::filesystem::copy_file(dir.file("a.jsonl"), dir.file("b.jsonl"));
  CHECK(the_finding(dir).file == "b.jsonl");
  CHECK(the_finding(dir).line == 1);
}

TEST_CASE("a trail that somebody wrote anew, with a chain of its own, is not the one that the index knows") {
  const test::TrailDirectory dir, forger;
  dir.add_ended("a", 3);
  forger.add_ended("a", 3);
  std::filesystem::copy_file(forger.file("a.jsonl"), dir.file("a.jsonl"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(the_finding(dir).what.find("line 1 of index.jsonl") != std::string::npos);
}

TEST_CASE("an edited index is named by its line") {
  const test::TrailDirectory dir;
  for (const char* session : {"a", "b", "c", "d"}) dir.add_ended(session, 1);
  const Lines good = dir.lines("index.jsonl");
  Lines lines = good;
  lines.erase(lines.begin() + 1);
  dir.put_lines("index.jsonl", lines);
  const auto removed = audit::verify(dir.fd()).findings;
  REQUIRE_FALSE(removed.empty());
  CHECK(removed[0].file == "index.jsonl");
  CHECK(removed[0].line == 2);

  lines = good;
  lines[1].replace(lines[1].find("\"time\":\"2") + 8, 1, "1");
  dir.put_lines("index.jsonl", lines);
  CHECK(the_finding(dir).file == "index.jsonl");
  CHECK(the_finding(dir).line == 2);
}

TEST_CASE("an index that is gone or emptied is tampering where several sessions have ended, and told once") {
  for (const bool emptied : {false, true}) {
    const test::TrailDirectory dir;
    for (const char* session : {"a", "b", "c"}) dir.add_ended(session, 1);
    std::filesystem::remove(dir.file("index.jsonl"));
    if (emptied) dir.put_lines("index.jsonl", {});
    CHECK(the_finding(dir).kind == Finding::Kind::kChanged);
    CHECK(the_finding(dir).file == "index.jsonl");
    CHECK(the_finding(dir).what.find("3 sessions have ended") != std::string::npos);
  }
}

TEST_CASE("a line of the index that names no session is named, the last one too") {
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    const test::TrailDirectory dir;
    for (const char* session : {"a", "b"}) dir.add_ended(session, 1);
    Lines lines = dir.lines("index.jsonl");
    lines[at].replace(lines[at].find("\"session\":"), 9, "\"sessioX\"");
    dir.put_lines("index.jsonl", lines);
    const auto findings = audit::verify(dir.fd()).findings;
    REQUIRE(findings.size() == 2);  // and the trail that the index does not know any more
    CHECK(findings[0].kind == Finding::Kind::kChanged);
    CHECK(findings[0].file == "index.jsonl");
    CHECK(findings[0].line == at + 1);
  }
}

TEST_CASE("a damaged compressed segment is a finding and no exception") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 200);
  audit::tidy_up(dir.fd(), std::chrono::system_clock::now(), {});
  REQUIRE(dir.has("a.1.jsonl.zst"));
  REQUIRE(audit::verify(dir.fd()).findings.empty());
  std::string bytes = test::read_file(dir.file("a.1.jsonl.zst"));
  for (const std::size_t at : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    test::write_file(dir.file("a.1.jsonl.zst"), bad, 0600);
    CHECK(the_finding(dir).kind == Finding::Kind::kChanged);
  }
  test::write_file(dir.file("a.1.jsonl.zst"), bytes.substr(0, bytes.size() / 2), 0600);
  CHECK(the_finding(dir).kind == Finding::Kind::kChanged);
}

TEST_CASE("one session can be verified by itself") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 1);
  dir.add_ended("b", 1);
  std::filesystem::remove(dir.file("b.jsonl"));
  CHECK(audit::verify(dir.fd(), "a").findings.empty());
  CHECK(audit::verify(dir.fd(), "a").sessions == 1);
  CHECK(audit::verify(dir.fd(), "b").findings.size() == 1);
}
