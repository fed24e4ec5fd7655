// A watched directory refuses nothing, and who watches is told when it holds more than its caps.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "store/live_count.h"
#include "store/usage_walk.h"
#include "store/watch_store.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "unit/store/session.h"

using namespace clawbox;
using State = store::Store::News::State;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr store::Caps kTight{8 * kMiB, 200};

bool is_told() { return ::access("told", F_OK) == 0; }

/// "told", or what kept it from going on.
std::string write_on(int fd) {
  static const std::array<char, 65536> kBytes{1};
  for (int i = 0; i < 16384; ++i) {
    if (is_told()) return "told";
    if (::write(fd, kBytes.data(), kBytes.size()) < 0) return ::strerrorname_np(errno);
  }
  return "no end";
}

/// What `act` says, in a watched directory where "told" appears with the news of the store; and that news.
struct Watched {
  std::string said;
  store::Store::News news;
};
Watched watched(const std::function<std::string()>& act, store::Caps caps = kTight) {
  const test::TempDir backing;
  store::WatchStore store(test::wish_for(backing.path(), caps, store::Backing::kWatch));
  Watched watched;
  std::thread listener;
  watched.said = test::inside_store(store, act, [&] {
    listener = std::thread([&] {
      pollfd wait{store.news(), POLLIN, 0};
      if (::poll(&wait, 1, 60000) == 1) watched.news = store.next_news();
      test::write_file(backing / "told", "");
    });
  });
  listener.join();
  return watched;
}

}  // namespace

TEST_CASE("a watched directory that grows beyond its bytes is told of") {
  const Watched end = watched([] { return write_on(::open("big", O_CREAT | O_WRONLY, 0600)); });
  CHECK(end.said == "told");
  CHECK(end.news.state == State::kExceeded);
  REQUIRE(end.news.full);
  CHECK(end.news.full->of == store::Full::Of::kBytes);
  CHECK(end.news.full->used.bytes > kTight.bytes);
}

TEST_CASE("a watched directory with too many files is told of, also where no directory can be entered by its owner") {
  const Watched end = watched([]() -> std::string {
    int made = 0;
    for (; made < 20000 && !is_told(); ++made) {
      const std::string name = fmt::format("d{}", made);
      if (::mkdir(name.c_str(), 0700) != 0 || ::mknod((name + "/f").c_str(), S_IFREG | 0600, 0) != 0) return "none";
      ::chmod(name.c_str(), 0);
    }
    for (int i = 0; i < made; ++i) ::chmod(fmt::format("d{}", i).c_str(), 0700);
    return is_told() ? "told" : "no end";
  });
  CHECK(end.said == "told");
  REQUIRE(end.news.full);
  CHECK(end.news.full->of == store::Full::Of::kFiles);
  CHECK(end.news.full->used.files > kTight.files);
}

TEST_CASE("a file without a name that is open counts in a watched directory") {
  const Watched end = watched([] {
    const int fd = ::open("gone", O_CREAT | O_WRONLY, 0600);
    ::unlink("gone");
    return write_on(fd);
  });
  CHECK(end.said == "told");
  REQUIRE(end.news.full);
  CHECK(end.news.full->used.bytes > kTight.bytes);
}

TEST_CASE("a watched directory that cannot be counted is told of as lost") {
  const Watched end = watched(
      []() -> std::string {
        for (int level = 0; level < 1200; ++level)
          if (::mkdir("d", 0700) != 0 || ::chdir("d") != 0) return ::strerrorname_np(errno);
        return "deep";
      },
      {64 * kMiB, 10000});
  CHECK(end.said == "deep");
  CHECK(end.news.state == State::kLost);
}

TEST_CASE("a tree is counted alike while it is at rest and while it could change") {
  const test::TempDir tree;
  for (int i = 0; i < 300; ++i)
    test::write_file(fmt::format("{}/a{}/b{}/f{}", tree.path(), i % 7, i % 3, i),
                     std::string(static_cast<std::size_t>(i) * 40, 'x'));
  std::filesystem::create_hard_link(tree / "a0/b0/f0", tree / "same");
  std::filesystem::create_symlink("/", tree / "out");
  const OwnedFd root = sys::open(tree.path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const store::Usage at_rest = store::usage_below(root), live = store::count_below(root);
  CHECK(live.bytes == at_rest.bytes);
  CHECK(live.files == at_rest.files);
  CHECK(live.files > 300);
}
