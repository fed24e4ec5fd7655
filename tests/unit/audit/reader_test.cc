#include "audit/reader_trail.h"

#include <fcntl.h>
#include <zstd.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;
using audit::TrailReader;

namespace {

constexpr const char* kId = "6a44e2d0-0badcafe";

OwnedFd opened(const test::TempDir& dir) { return sys::open(dir.path(), O_PATH | O_DIRECTORY); }

std::string compressed(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string rest_of(TrailReader& reader) {
  std::string text;
  while (const auto line = reader.next()) text += std::string(line->text) + "|";
  return text;
}

std::string name(const std::string& ending) { return kId + ending; }

}  // namespace

TEST_CASE("the segments of a trail are read in their order, compressed or not") {
  const test::TempDir dir;
  test::write_file(dir / name(".1.jsonl.zst"), compressed("a\nb\n"));
  test::write_file(dir / name(".2.jsonl"), "c\n");
  test::write_file(dir / name(".10.jsonl"), "d\n");
  test::write_file(dir / name(".jsonl"), "e\n");
  test::write_file(dir / "index.jsonl", "no trail\n");
  const OwnedFd directory = opened(dir);
  const auto sessions = audit::sessions_in(directory);
  REQUIRE(sessions.size() == 1);
  TrailReader reader(directory, sessions[0]);
  CHECK(rest_of(reader) == "a|b|c|d|e|");
  CHECK(reader.take_troubles().empty());
}

TEST_CASE("a damaged segment is told, and the ones after it are read") {
  const test::TempDir dir;
  const std::string whole = compressed(std::string(100'000, 'x') + "\n");
  test::write_file(dir / name(".1.jsonl.zst"), whole.substr(0, whole.size() - 4));
  test::write_file(dir / name(".2.jsonl.zst"), "no zstd at all");
  test::write_file(dir / name(".jsonl"), "e\nhalf");
  const OwnedFd directory = opened(dir);
  TrailReader reader(directory, audit::sessions_in(directory).at(0));
  CHECK(rest_of(reader).ends_with("e|"));
  CHECK(reader.take_troubles().size() == 3);
}

TEST_CASE("a line that is longer than any record is passed over") {
  const test::TempDir dir;
  test::write_file(dir / name(".jsonl"), "a\n" + std::string(20 << 20, 'x') + "\nb\n");
  const OwnedFd directory = opened(dir);
  TrailReader reader(directory, audit::sessions_in(directory).at(0));
  CHECK(reader.next()->text == "a");
  CHECK(reader.next()->too_long);
  CHECK(reader.next()->text == "b");
  CHECK_FALSE(reader.next());
}

TEST_CASE("a trail is followed while it grows and when it is rotated") {
  const test::TempDir dir;
  const std::string newest = test::write_file(dir / name(".jsonl"), "a\n");
  const OwnedFd directory = opened(dir);
  TrailReader reader(directory, audit::sessions_in(directory).at(0), TrailReader::Until::kForever);
  CHECK(rest_of(reader) == "a|");
  std::ofstream(newest, std::ios::app) << "b\nhal";
  CHECK(rest_of(reader) == "b|");
  std::ofstream(newest, std::ios::app) << "f\n";
  std::filesystem::rename(newest, dir / name(".1.jsonl"));
  test::write_file(newest, "c\n");
  CHECK(rest_of(reader) == "half|c|");
  CHECK(reader.take_troubles().empty());
}

TEST_CASE("a symlink in the place of a segment is not followed") {
  const test::TempDir dir;
  test::write_file(dir / "secret", "secret\n");
  std::filesystem::create_symlink("secret", dir / name(".jsonl"));
  const OwnedFd directory = opened(dir);
  TrailReader reader(directory, audit::sessions_in(directory).at(0));
  CHECK(rest_of(reader).empty());
  CHECK(reader.take_troubles().size() == 1);
}

TEST_CASE("old sessions are left out by their last change, and new ones by their start") {
  using namespace std::chrono;
  const audit::WallTime start(seconds(0x6a44e2d0));
  const audit::SessionFiles session{.id = kId, .segments = {}, .started = start, .changed = start + hours(1)};
  CHECK(may_touch(session, {}));
  CHECK(may_touch(session, {.since = start + minutes(30)}));
  CHECK_FALSE(may_touch(session, {.since = start + hours(2)}));
  CHECK_FALSE(may_touch(session, {.until = start - hours(1)}));
}

TEST_CASE("a session is chosen by the begin of its id, and one that is not there is refused") {
  const std::vector<audit::SessionFiles> all = {{.id = "6a-1"}, {.id = "6a-2"}, {.id = "7b-1"}};
  CHECK(audit::chosen(all, {}).size() == 3);
  CHECK(audit::chosen(all, std::vector<std::string>{"6a", "6a-1"}).size() == 2);
  CHECK_THROWS_AS(audit::chosen(all, std::vector<std::string>{"8"}), Error);
}

TEST_CASE("sessions that began in the same second are in the order of their first records") {
  const test::TempDir dir;
  const auto add = [&](const std::string& id, const std::string& first) {
    test::write_file(dir / (id + ".jsonl"), first + "\n");
  };
  add("6a44e2d0-0000000c", R"({"v":1,"seq":1,"mono_us":900,"event":"session.start"})");
  add("6a44e2d0-0000000b", R"({"v":1,"seq":1,"mono_us":1000,"event":"session.start"})");
  add("6a44e2d0-0000000a", R"({"v":1,"seq":1,"mono_us":2000,"event":"session.start"})");
  add("6a44e2cf-0000000d", R"({"v":1,"seq":1,"mono_us":9000,"event":"session.start"})");
  add("6a44e2d0-00000000", "no record");
  std::string order;
  for (const audit::SessionFiles& session : audit::sessions_in(opened(dir))) order += session.id.back();
  CHECK(order == "d0cba");
}

TEST_CASE("a moment in RFC 3339 with the offset of a time zone is the same moment in UTC") {
  const auto utc = [](const char* text) { return audit::rfc3339(audit::parse_rfc3339(text).value()); };
  CHECK(utc("2026-07-01T01:30:00+02:00") == "2026-06-30T23:30:00.000000Z");
  CHECK(utc("2026-12-31T23:59:59.5-05:30") == "2027-01-01T05:29:59.500000Z");
  CHECK(utc("2026-07-01T10:00:00-00:00") == "2026-07-01T10:00:00.000000Z");
}

TEST_CASE("a moment in RFC 3339 is read with a fraction of a second or without one") {
  const auto whole = audit::parse_rfc3339("2026-07-01T10:00:00Z");
  REQUIRE(whole);
  CHECK(audit::rfc3339(*whole) == "2026-07-01T10:00:00.000000Z");
  CHECK(audit::rfc3339(*audit::parse_rfc3339("2026-07-01T10:00:00.25Z")) == "2026-07-01T10:00:00.250000Z");
  CHECK(audit::rfc3339(*audit::parse_rfc3339("2026-07-01T10:00:00.123456789Z")) == "2026-07-01T10:00:00.123456Z");
  for (const char* wrong : {"", "Z", "2026-07-01T10:00:00", "2026-07-01T10:00:00.Z", "2026-07-01T10:00:00.-1Z",
                            "2026-07-01T10:00:00,5Z", "2026-13-01T10:00:00Z", "2026-07-01T24:00:00Z", "+02:00",
                            "2026-07-01T10:00:00+2:00", "2026-07-01T10:00:00+0200", "2026-07-01T10:00:00+24:00",
                            "2026-07-01T10:00:00 02:00", "2026-07-01T10:00:00Z+02:00", "2026-07-01T10:00:00+02:60"}) {
    INFO(wrong);
    CHECK_FALSE(audit::parse_rfc3339(wrong));
  }
}
