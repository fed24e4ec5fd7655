// A workspace of the host's own: what is added since the session began is told of, and nothing else.
#include "store/host_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "store/live_count.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;
using State = store::Store::News::State;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kCap = 8 * kMiB;

void write_mebibytes(const std::string& path, uint64_t mebibytes) {
  const OwnedFd file = sys::open(path, O_CREAT | O_APPEND | O_WRONLY, 0600);
  const std::string bytes(kMiB, 'x');
  for (uint64_t i = 0; i < mebibytes; ++i) sys::write_all(file, bytes, path);
}

store::Filters filters() { return {}; }

/// The first of its news that says something; nothing where there is none within that time.
store::Store::News next_news(store::HostWatch& watch, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
    pollfd wait{watch.news(), POLLIN, 0};
    if (::poll(&wait, 1, 100) == 0) continue;
    const store::Store::News news = watch.next_news();
    if (news.state != State::kServed) return news;
  }
  return {};
}

constexpr std::chrono::milliseconds kForEver{60000}, kLongerThanALook{300};

/// What is stamped with the tick of a session's begin counts.
void wait_for_next_tick() { ::usleep(20'000); }

}  // namespace

TEST_CASE("what a session adds beyond its cap is told of, also in many small files") {
  const test::TempDir workspace;
  write_mebibytes(workspace / "before", 20);
  wait_for_next_tick();
  store::HostWatch watch(workspace.path(), kCap, filters);
  watch.session_begins(::getpid());
  for (int i = 0; i < 12; ++i) write_mebibytes(fmt::format("{}/{}", workspace.path(), i), 1);
  const store::Store::News news = next_news(watch, kForEver);
  CHECK(news.state == State::kExceeded);
  REQUIRE(news.full);
  CHECK(news.full->used.bytes > kCap);
  CHECK(news.full->used.bytes < 16 * kMiB);
}

TEST_CASE("what was there before, and what others write elsewhere, ends no session") {
  const test::TempDir workspace, elsewhere;
  write_mebibytes(workspace / "before", 20);
  wait_for_next_tick();
  store::HostWatch watch(workspace.path(), kCap, filters);
  watch.session_begins(::getpid());
  write_mebibytes(elsewhere / "big", 40);
  write_mebibytes(workspace / "small", 1);
  CHECK(next_news(watch, kLongerThanALook).state == State::kServed);
  write_mebibytes(workspace / "more", 2);
  write_mebibytes(elsewhere / "more", 40);  // counted once more
  CHECK(next_news(watch, kLongerThanALook).state == State::kServed);
  write_mebibytes(workspace / "big", 20);
  CHECK(next_news(watch, kForEver).state == State::kExceeded);
}

TEST_CASE("a directory that cannot be read hides nothing that the session wrote") {
  if (::geteuid() == 0) return test::skip("kernel: root reads every directory");
  const test::TempDir tree;
  test::write_file(tree / "old/file", "x");
  ::chmod((tree / "old").c_str(), 0);
  wait_for_next_tick();
  timespec since{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &since);
  const OwnedFd root = sys::open(tree.path(), O_RDONLY | O_DIRECTORY);
  CHECK_NOTHROW(store::count_below(root, since));
  test::write_file(tree / "new/file", "x");
  ::chmod((tree / "new").c_str(), 0);
  CHECK_THROWS(store::count_below(root, since));
  for (const char* name : {"old", "new"}) ::chmod((tree / name).c_str(), 0700);
}
