// Our own file server: what it must count by itself, and what becomes of it. caps_test.cc has what all stores hold.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <cstring>

#include "store/fuse_store.h"
#include "store/usage_walk.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "unit/store/attack.h"
#include "unit/store/session.h"

using namespace clawbox;
using namespace clawbox::test;

namespace {

constexpr const char* kMemory = "/dev/shm";
constexpr store::Backing kFuse = store::Backing::kFuse;

bool fuse_works() { return store::FuseStore::why_not().empty(); }

}  // namespace

#define SKIP_WITHOUT_FUSE \
  if (!fuse_works()) return clawbox::test::skip("kernel: " + store::FuseStore::why_not())

TEST_CASE("attributes and hard links do not pass the cap") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack(kFuse, []() -> std::string {
    std::string said = fill("big");
    const std::string value(3000, 'v');
    int set = 0, linked = 0;
    for (int i = 0; i < 100; ++i) {
      const std::string name = fmt::format("f{}", i);
      const int fd = ::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
      if (fd >= 0 && ::fsetxattr(fd, "user.x", value.data(), value.size(), 0) == 0) ++set;
    }
    const std::string long_name(200, 'l');
    while (linked < 20000 && ::link("big", fmt::format("{}{}", long_name, linked).c_str()) == 0) ++linked;
    return said + " " + std::to_string(set) + (linked < 1000 ? " few" : " many");
  });
  CHECK(outcome.said == "ENOSPC 0 few");
  check_within_caps(outcome);
}

// Only the device of tmpfs counts what these take, and it is shared: what was made is counted instead.
TEST_CASE("where blocks tell of nothing but data, hard links end at the cap, and give their room back") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack(
      kFuse,
      []() -> std::string {
        test::write_file("./file", "");
        const auto link_on = [](int linked) {
          while (linked < 20000 && ::link("file", fmt::format("name{}", linked).c_str()) == 0) ++linked;
          return linked;
        };
        const int most = link_on(0);
        std::string said = ::strerrorname_np(errno);
        for (int i = 0; i < most / 2; ++i) ::unlink(fmt::format("name{}", i).c_str());
        const int again = link_on(most);
        const uint64_t charged = static_cast<uint64_t>(most) * 4096;
        said += charged <= kTight.bytes && charged > kTight.bytes / 2 ? " within" : " beyond";
        return said + (again - most == most / 2 ? " given back" : fmt::format(" {} {}", most, again));
      },
      kMemory);
  CHECK(outcome.said == "ENOSPC within given back");
  REQUIRE(outcome.told);
  CHECK(outcome.told->of == store::Full::Of::kBytes);
}

TEST_CASE("where blocks tell of nothing but data, attributes end at the cap, and give their room back") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack(
      kFuse,
      []() -> std::string {
        const std::string value(2000, 'v');
        const auto fill_attributes = [&](const std::string& file) {
          test::write_file(file, "");
          int set = 0;
          while (set < 20000 &&
                 ::setxattr(file.c_str(), fmt::format("user.{}", set).c_str(), value.data(), value.size(), 0) == 0)
            ++set;
          return set;
        };
        const int first = fill_attributes("./one");
        std::string said = ::strerrorname_np(errno);
        if (first == 0) return said;
        const uint64_t charged = static_cast<uint64_t>(first) * value.size();
        said += charged <= kTight.bytes && charged > kTight.bytes / 2 ? " within" : " beyond";
        ::setxattr("one", "user.0", "", 0, XATTR_REPLACE);
        said += ::setxattr("one", "user.overlay.opaque", "y", 1, 0) == 0 ? " overlay's" : " not overlay's";
        ::unlink("one");
        const int second = fill_attributes("./two");
        return said + (second == first ? " given back" : fmt::format(" {} {}", first, second));
      },
      kMemory);
  if (outcome.said == "EOPNOTSUPP") return test::skip("kernel: no user attributes on tmpfs");
  CHECK(outcome.said == "ENOSPC within overlay's given back");
}

TEST_CASE("a name costs a block where blocks tell of nothing but data, and nothing on ext4") {
  SKIP_WITHOUT_FUSE;
  const auto act = []() -> std::string {
    struct statfs before {};
    struct statfs after {};
    ::statfs(".", &before);
    for (int i = 0; i < 20; ++i) test::write_file(fmt::format("./{}", i), "");
    ::statfs(".", &after);
    return std::to_string(before.f_bfree - after.f_bfree);
  };
  CHECK(attack(kFuse, act, kMemory).said == "20");
  struct statfs host {};
  constexpr unsigned long kExt4 = 0xEF53;
  ::statfs(test::TempDir::base().c_str(), &host);
  const std::string here = attack(kFuse, act).said;
  CHECK((here == "0" || (here == "20" && host.f_type != kExt4)));
}

TEST_CASE("a store over memory gives back all that it charged for what is gone") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack(
      kFuse,
      []() -> std::string {
        struct statfs before {};
        struct statfs after {};
        ::statfs(".", &before);
        for (int round = 0; round < 300; ++round) {
          test::write_file("d/file", "x");
          ::setxattr("d", "user.x", "1", 1, 0);
          ::setxattr("d/file", "user.x", "1", 1, 0);
          if (::link("d/file", "other") != 0) return "no link";
          ::rename("d/file", "moved");
          ::unlink("moved"), ::unlink("other"), ::rmdir("d");
        }
        ::statfs(".", &after);
        // The kernel forgets the last files in its own time.
        return after.f_bfree + 20 > before.f_bfree ? "given back" : std::to_string(before.f_bfree - after.f_bfree);
      },
      kMemory);
  CHECK(outcome.said == "given back");
}

TEST_CASE("what is there when a store is opened counts from the start") {
  SKIP_WITHOUT_FUSE;
  const test::TempDir backing;
  test::write_file(backing / "before", std::string(6 * kMiB, 'b'));
  std::filesystem::create_hard_link(backing / "before", backing / "same");
  const std::string said = test::inside_fuse(backing.path(), kTight, [] {
    std::string filled = fill("after");
    struct stat status {};
    ::stat("after", &status);
    return filled + (status.st_size < static_cast<off_t>(2 * kMiB) && status.st_size > static_cast<off_t>(kMiB)
                         ? " rest"
                         : " not the rest");
  });
  CHECK(said == "ENOSPC rest");
}

TEST_CASE("a server that is killed leaves ENOTCONN inside, and plain files outside") {
  SKIP_WITHOUT_FUSE;
  const test::TempDir backing;
  store::FuseStore fuse(test::wish_for(backing.path(), kTight, kFuse));
  const auto write_pid = [&] { test::write_file(backing / "pid", std::to_string(fuse.server().pid())); };
  const std::string said = test::inside_store(
      fuse,
      []() -> std::string {
        test::write_file("./kept", "kept");
        ::kill(std::stoi(test::read_file("./pid")), SIGKILL);
        while (::mkdir("d", 0700) == 0 && ::rmdir("d") == 0) continue;  // the call that waits is told something else
        return ::mkdir("d", 0700) == 0 ? "served" : ::strerrorname_np(errno);
      },
      write_pid);
  CHECK(said == "ENOTCONN");
  CHECK(fuse.next_news().state == store::Store::News::State::kLost);
  CHECK(test::read_file(backing / "kept") == "kept");
}

TEST_CASE("the server ends with the last namespace that has the mount") {
  SKIP_WITHOUT_FUSE;
  const test::TempDir backing;
  store::FuseStore fuse(test::wish_for(backing.path(), kTight, kFuse));
  CHECK(test::inside_store(fuse, [] { return std::string("in"); }) == "in");
  CHECK(fuse.wait_until_released(std::chrono::seconds(10)));
  CHECK(fuse.next_news().state == store::Store::News::State::kReleased);
}
