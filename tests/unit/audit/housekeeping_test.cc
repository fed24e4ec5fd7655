#include "audit/housekeeping.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "audit/verify.h"
#include "support/catch.h"
#include "unit/audit/trails.h"

using namespace clawbox;
using namespace std::chrono_literals;

namespace {

auto now() { return std::chrono::system_clock::now(); }

void make_older(const std::string& file, std::chrono::hours by) {
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) - by);
}

int files_in(const test::TrailDirectory& dir) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.file("."))) ++count;
  return count;
}

}  // namespace

TEST_CASE("an ended trail is compressed, keeps its age, and still verifies") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 300);
  make_older(dir.file("a.jsonl"), 5h);
  const auto changed = std::filesystem::last_write_time(dir.file("a.jsonl"));
  const auto size = std::filesystem::file_size(dir.file("a.jsonl"));
  CHECK(audit::tidy_up(dir.fd(), now(), {}).compressed == 1);
  CHECK_FALSE(dir.has("a.jsonl"));
  REQUIRE(dir.has("a.1.jsonl.zst"));
  CHECK(std::filesystem::file_size(dir.file("a.1.jsonl.zst")) < size / 3);
  CHECK(std::filesystem::last_write_time(dir.file("a.1.jsonl.zst")) == changed);
  CHECK(audit::verify(dir.fd()).findings.empty());
  CHECK(audit::verify(dir.fd()).records == 302);
}

TEST_CASE("a small trail stays as it is") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 3);
  CHECK(audit::tidy_up(dir.fd(), now(), {}).compressed == 0);
  CHECK(dir.has("a.jsonl"));
}

TEST_CASE("of a living session only the closed segments are compressed, and it goes on undisturbed") {
  const test::TrailDirectory dir;
  audit::Trail trail(dir.fd(), "a", {.rotate = 20000});
  const auto fill = [&] {
    for (int i = 0; i < 200; ++i) trail.append("exec", {{"id", i}, {"filler", test::TrailDirectory::filler()}});
  };
  fill();
  REQUIRE(trail.segments() >= 3);
  CHECK(audit::tidy_up(dir.fd(), now() + 9000h, {.age = 1h, .bytes = 0}).compressed == trail.segments() - 1);
  CHECK(dir.has("a.1.jsonl.zst"));
  CHECK(dir.has("a.jsonl"));
  fill();
  trail.end({});
  audit::record_head(dir.fd(), trail);
  trail.close();
  const audit::Verified verified = audit::verify(dir.fd());
  CHECK(verified.findings.empty());
  CHECK(verified.records == trail.records());
}

TEST_CASE("trails beyond the age are removed, all their segments, and verify knows that nobody else did it") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 60, {.rotate = 4096});
  dir.add_ended("b", 3);
  make_older(dir.file("a.jsonl"), 100h);
  const auto tidied = audit::tidy_up(dir.fd(), now(), {.age = 90h});
  CHECK(tidied.removed == 1);
  CHECK(files_in(dir) == 3);  // b, the index, the lock
  CHECK(dir.has("b.jsonl"));
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("beyond the size the oldest go, and no more than needed") {
  const test::TrailDirectory dir;
  for (const char* session : {"a", "b", "c"}) dir.add_ended(session, 20);
  make_older(dir.file("b.jsonl"), 3h);
  make_older(dir.file("c.jsonl"), 2h);
  const auto size = std::filesystem::file_size(dir.file("a.jsonl"));
  CHECK(audit::tidy_up(dir.fd(), now(), {.bytes = 2 * size + size / 2}).removed == 1);
  CHECK_FALSE(dir.has("b.jsonl"));
  CHECK(dir.has("c.jsonl"));
  CHECK(audit::verify(dir.fd()).findings.empty());
}

TEST_CASE("a living session is never removed, and is once it has ended") {
  const test::TrailDirectory dir;
  {
    audit::Trail trail(dir.fd(), "a");
    trail.append("session.start", {});
    CHECK(audit::tidy_up(dir.fd(), now() + 9000h, {.age = 1h, .bytes = 0}).removed == 0);
  }
  CHECK(audit::tidy_up(dir.fd(), now() + 9000h, {.age = 1h, .bytes = 0}).removed == 1);
}

TEST_CASE("a trail that is being started, empty and not yet locked, is left alone") {
  const test::TrailDirectory dir;
  test::write_file(dir.file("a.jsonl"), "", 0600);
  CHECK(audit::tidy_up(dir.fd(), now(), {.age = 0s, .bytes = 0}).removed == 0);
  CHECK(dir.has("a.jsonl"));
}

TEST_CASE("what crashes left is put right: half of a compressed file, both files, a segment that was never begun") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 300);
  std::filesystem::rename(dir.file("a.jsonl"), dir.file("a.1.jsonl"));
  test::write_file(dir.file(".a.1.jsonl.zst.tmp"), "half");
  test::write_file(dir.file("a.1.jsonl.zst"), "of an earlier attempt");
  test::write_file(dir.file(".a.next"), "{}");
  CHECK(audit::verify(dir.fd()).findings.empty());
  audit::tidy_up(dir.fd(), now(), {});
  CHECK(files_in(dir) == 3);
  CHECK(audit::verify(dir.fd()).findings.empty());
  CHECK(audit::verify(dir.fd()).records == 302);
}

TEST_CASE("while one keeps house the others return at once") {
  const test::TrailDirectory dir;
  dir.add_ended("a", 300);
  {
    const OwnedFd lock = sys::open(dir.file(".housekeeping"), O_CREAT | O_RDWR, 0600);
    REQUIRE(sys::try_lock(lock));
    CHECK(audit::tidy_up(dir.fd(), now(), {}).compressed == 0);
  }
  CHECK(audit::tidy_up(dir.fd(), now(), {}).compressed == 1);
}

TEST_CASE("one call does a bounded part of the work, and the next goes on") {
  const test::TrailDirectory dir;
  for (const char* session : {"a", "b", "c"}) dir.add_ended(session, 100);
  CHECK(audit::tidy_up(dir.fd(), now(), {}, {.bytes_to_compress = 1}).compressed == 1);
  CHECK(audit::tidy_up(dir.fd(), now(), {}).compressed == 2);
  CHECK(audit::tidy_up(dir.fd(), now() + 9000h, {.age = 1h}, {.trails_to_remove = 2}).removed == 2);
  CHECK(audit::tidy_up(dir.fd(), now() + 9000h, {.age = 1h}).removed == 1);
}

TEST_CASE("nothing outside is compressed or removed through a symlink") {
  const test::TrailDirectory dir, other;
  test::write_file(other.file("secret"), std::string(100000, 'x'));
  std::filesystem::create_symlink(other.file("secret"), dir.file("a.jsonl"));
  audit::tidy_up(dir.fd(), now(), {.age = 0s, .bytes = 0});
  CHECK(test::read_file(other.file("secret")).size() == 100000);
  CHECK_FALSE(dir.has("a.1.jsonl.zst"));
}

TEST_CASE("a session that rotates while others keep house and verify loses nothing") {
  const test::TrailDirectory dir;
  const pid_t writer = ::fork();
  if (writer == 0) {
    int status = 0;
    try {
      dir.add_ended("a", 3000, {.rotate = 20000});
    } catch (...) {
      status = 1;
    }
    ::_exit(status);
  }
  int status = 0;
  std::vector<audit::Finding> findings;
  while (::waitpid(writer, &status, WNOHANG) == 0) {
    audit::tidy_up(dir.fd(), now(), {.bytes = 0});
    for (const audit::Finding& finding : audit::verify(dir.fd()).findings) findings.push_back(finding);
  }
  CHECK(status == 0);
  for (const audit::Finding& finding : findings)
    UNSCOPED_INFO(finding.file << ":" << finding.line << ": " << finding.what);
  CHECK(findings.empty());
  CHECK(audit::verify(dir.fd()).findings.empty());
}
