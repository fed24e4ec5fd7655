#include "audit/trail.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>

#include "audit/sha256.h"
#include "base/error.h"
#include "support/catch.h"
#include "unit/audit/trails.h"

using namespace clawbox;

namespace {

/// Runs `act` in a child whose files may not grow beyond `bytes`; its exit status. What a full disk is to root, this is
/// to an ordinary user.
int with_small_files(rlim_t bytes, const std::function<int(const std::function<void(rlim_t)>&)>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto limit = [](rlim_t most) {
      const rlimit values{most, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &values);
    };
    limit(bytes);
    try {
      ::_exit(act(limit));
    } catch (...) {
      ::_exit(99);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool append_fails(audit::Trail& trail, const Json& details) try {
  trail.append("exec", details);
  return false;
} catch (const SysError& error) {
  return error.code() == EFBIG;
}

}  // namespace

TEST_CASE("every record is one line of JSON, numbered without gaps, its first fields in one order") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1");
  trail.append("session.start", {{"argv", {"a\nb"}}});
  trail.append("session.end", Json::object());
  const auto lines = dir.lines("s1.jsonl");
  REQUIRE(lines.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Json record = Json::parse(lines[i]);
    CHECK(record["seq"] == i + 1);
    std::vector<std::string> names;
    for (const auto& [name, value] : record.items()) names.push_back(name);
    names.resize(7);
    CHECK(names == std::vector<std::string>{"v", "seq", "prev", "time", "mono_us", "session", "event"});
    CHECK(record["session"] == "s1");
  }
}

TEST_CASE("each record holds the hash of the line before it, and the head is that of the last") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1");
  for (int i = 0; i < 3; ++i) trail.append("exec", {{"id", i}});
  const auto lines = dir.lines("s1.jsonl");
  for (std::size_t i = 1; i < lines.size(); ++i)
    CHECK(Json::parse(lines[i])["prev"] == audit::hex_of(audit::sha256(lines[i - 1])));
  CHECK(trail.head() == audit::hex_of(audit::sha256(lines.back())));
}

TEST_CASE("SHA-256 is that of FIPS 180-4") {
  CHECK(audit::hex_of(audit::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("two trails begin with different random values") {
  const test::TrailDirectory dir;
  CHECK(audit::Trail(dir.fd(), "a").head() != audit::Trail(dir.fd(), "b").head());
}

TEST_CASE("session.end holds the head of what came before it") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1");
  trail.append("session.start", {});
  const std::string before = trail.head();
  trail.end({{"exit_status", 3}});
  const Json last = Json::parse(dir.lines("s1.jsonl").back());
  CHECK(last["event"] == "session.end");
  CHECK(last["exit_status"] == 3);
  CHECK(last["head"] == before);
}

TEST_CASE("a trail never continues somebody else's file") {
  const test::TrailDirectory dir;
  test::write_file(dir.file("s1.jsonl"), "");
  CHECK_THROWS_AS(audit::Trail(dir.fd(), "s1"), SysError);
}

TEST_CASE("a trail never follows a symlink") {
  const test::TrailDirectory dir;
  std::filesystem::create_symlink(dir.file("elsewhere"), dir.file("s1.jsonl"));
  CHECK_THROWS_AS(audit::Trail(dir.fd(), "s1"), SysError);
  CHECK_FALSE(dir.has("elsewhere"));
}

TEST_CASE("a session's name cannot leave the directory, nor be the index's") {
  const test::TrailDirectory dir;
  for (const char* name : {"", ".", "../s", "a/b", "a.1", "index"})
    CHECK_THROWS_AS(audit::Trail(dir.fd(), name), SysError);
  CHECK_NOTHROW(audit::Trail(dir.fd(), "66f0-ab_C"));
}

TEST_CASE("a byte that is no UTF-8 and came past the escaping does not lose the record") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1");
  trail.append("exec", {{"path", "a\xff"}});
  CHECK(Json::parse(dir.lines("s1.jsonl").at(0))["path"] == "a\xef\xbf\xbd");
}

TEST_CASE("a full segment is closed under its number, and numbering and chain go on in the next") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1", {.rotate = 4096, .sync = audit::Sync::kEach});
  for (int i = 0; i < 40; ++i) trail.append("exec", {{"id", i}, {"filler", test::TrailDirectory::filler()}});
  REQUIRE(trail.segments() >= 3);
  std::vector<std::string> all = dir.lines("s1.1.jsonl");
  for (uint64_t segment = 2; segment <= trail.segments(); ++segment) {
    const bool newest = segment == trail.segments();
    const auto lines = dir.lines(newest ? "s1.jsonl" : "s1." + std::to_string(segment) + ".jsonl");
    const Json first = Json::parse(lines.at(0));
    CHECK(first["event"] == "audit.rotate");
    CHECK(first["segment"] == segment);
    all.insert(all.end(), lines.begin(), lines.end());
  }
  CHECK(all.size() == trail.records());
  for (std::size_t i = 1; i < all.size(); ++i) {
    CHECK(Json::parse(all[i])["seq"] == i + 1);
    CHECK(Json::parse(all[i])["prev"] == audit::hex_of(audit::sha256(all[i - 1])));
  }
}

TEST_CASE("a segment that cannot be begun leaves the trail as it was, and may be tried again") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "s1", {.rotate = 4096});
  test::write_file(dir.file(".s1.next"), "in the way");
  const auto fill = [&] {
    for (int i = 0; i < 40; ++i) trail.append("exec", {{"id", i}, {"filler", test::TrailDirectory::filler()}});
  };
  CHECK_THROWS_AS(fill(), SysError);
  CHECK(trail.segments() == 1);
  CHECK(dir.lines("s1.jsonl").size() == trail.records());
  std::filesystem::remove(dir.file(".s1.next"));
  CHECK_NOTHROW(fill());
  CHECK(trail.segments() > 1);
}

TEST_CASE("a record that does not fit throws, leaves whole lines only, and the trail goes on when there is room") {
  const test::TrailDirectory dir;
  const int status = with_small_files(1000, [&](const auto& limit) {
    audit::Trail trail(dir.fd(), "s1");
    trail.append("session.start", {});
    const std::string head = trail.head();
    for (int i = 0; i < 3; ++i)
      if (!append_fails(trail, {{"filler", std::string(2000, 'x')}})) return 1;
    if (trail.head() != head || trail.records() != 1) return 2;
    limit(RLIM_INFINITY);
    trail.append("exec", {{"id", 1}});
    return 0;
  });
  CHECK(status == 0);
  const auto lines = dir.lines("s1.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(Json::parse(lines[1])["seq"] == 2);
  CHECK(Json::parse(lines[1])["prev"] == audit::hex_of(audit::sha256(lines[0])));
}

TEST_CASE("where losses are counted, the gap is told as soon as there is room") {
  const test::TrailDirectory dir;
  const int status = with_small_files(1000, [&](const auto& limit) {
    audit::Trail trail(dir.fd(), "s1", {.loss = audit::Loss::kCounted});
    trail.append("session.start", {});
    limit(std::filesystem::file_size(dir.file("s1.jsonl")));  // not even the gap fits
    for (int i = 0; i < 5; ++i) trail.append("exec", {{"filler", std::string(2000, 'x')}});
    if (trail.lost() != 5) return 1;
    limit(RLIM_INFINITY);
    trail.append("exec", {{"id", 6}});
    trail.end({});
    return trail.lost() == 0 ? 0 : 2;
  });
  CHECK(status == 0);
  const auto lines = dir.lines("s1.jsonl");
  REQUIRE(lines.size() == 4);
  const Json gap = Json::parse(lines[1]);
  CHECK(gap["event"] == "audit.gap");
  CHECK(gap["lost"] == 5);
  CHECK(gap["why"].get<std::string>().find("File too large") != std::string::npos);
  CHECK(Json::parse(lines[2])["id"] == 6);
}

TEST_CASE("a gap at the very end is told before the end") {
  const test::TrailDirectory dir;
  const int status = with_small_files(1000, [&](const auto& limit) {
    audit::Trail trail(dir.fd(), "s1", {.loss = audit::Loss::kCounted});
    trail.append("exec", {{"filler", std::string(2000, 'x')}});
    limit(RLIM_INFINITY);
    trail.end({});
    return 0;
  });
  CHECK(status == 0);
  const auto lines = dir.lines("s1.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(Json::parse(lines[0])["lost"] == 1);
  CHECK(Json::parse(lines[1])["head"] == audit::hex_of(audit::sha256(lines[0])));
}
