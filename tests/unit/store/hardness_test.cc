// Nothing that a program does takes more of the host than the caps, and a full store answers ENOSPC and goes on.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
#include "unit/store/session.h"

using namespace clawbox;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr store::Caps kTight{8 * kMiB, 200};

store::Usage used_by(const std::string& directory) {
  return store::usage_below(sys::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// 64 KiB at a time until it fails: "ENOSPC" or what came instead. At most 1 GiB, should nothing stop it.
std::string fill(int fd) {
  static const std::array<char, 65536> kBytes{1};
  for (int i = 0; i < 16384; ++i)
    if (::write(fd, kBytes.data(), kBytes.size()) < 0) return ::strerrorname_np(errno);
  return "no end";
}
std::string fill(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return fill(file.get());
}

struct Outcome {
  std::string said;
  store::Usage on_host;  // afterwards
  std::optional<store::Full> told;
};

/// `act` in a store with tight caps.
Outcome attack(const std::function<std::string()>& act) {
  const test::TempDir backing;
  const store::Opened opened = store::open(test::wish_for(backing.path(), kTight, store::Backing::kFuse));
  Outcome outcome;
  outcome.said = test::inside_store(*opened.store, act);
  outcome.on_host = used_by(backing.path());
  if (const store::Store::News news = opened.store->next_news(); news.full) outcome.told = news.full;
  return outcome;
}

void check_within_caps(const Outcome& outcome) {
  CHECK(outcome.on_host.bytes <= kTight.bytes);
  CHECK(outcome.on_host.files <= kTight.files);
}

bool fuse_works() { return store::why_not(store::Backing::kFuse, {}).empty(); }

}  // namespace

#define SKIP_WITHOUT_FUSE \
  if (!fuse_works()) return clawbox::test::skip("kernel: " + store::why_not(store::Backing::kFuse, {}))

TEST_CASE("endless data ends at the cap with ENOSPC, is told once, and leaves a store that works on") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([] {
    std::string said = fill("big");
    said += " " + fill("another");
    const int fd = ::open("big", O_WRONLY);  // what is there can be overwritten, names moved and removed
    said += ::pwrite(fd, "x", 1, 0) == 1 ? " overwritten" : " not overwritten";
    ::close(fd);
    said += ::rename("another", "moved") == 0 ? " moved" : " not moved";
    said += ::unlink("big") == 0 && fill("again") == "ENOSPC" ? " again" : " not again";
    return said;
  });
  CHECK(outcome.said == "ENOSPC ENOSPC overwritten moved again");
  check_within_caps(outcome);
  CHECK(outcome.on_host.bytes > kTight.bytes - 256 * 1024);
  REQUIRE(outcome.told);
  CHECK(outcome.told->of == store::Full::Of::kBytes);
}

TEST_CASE("endless small files and directories end at the cap on files") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([] {
    int made = 0;
    while (made < 10000) {
      const std::string name = std::to_string(made);
      const int failed = made % 2 == 0 ? ::mkdir(name.c_str(), 0700) : ::mknod(name.c_str(), S_IFREG | 0600, 0);
      if (failed != 0) break;
      ++made;
    }
    return fmt::format("{} {}", made, ::strerrorname_np(errno));
  });
  CHECK(outcome.said == "199 ENOSPC");  // the directory itself is one
  check_within_caps(outcome);
  REQUIRE(outcome.told);
  CHECK(outcome.told->of == store::Full::Of::kFiles);
}

TEST_CASE("a sparse file costs nothing until fallocate wants more than the cap") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([] {
    const int fd = ::open("sparse", O_CREAT | O_RDWR, 0600);
    std::string said = ::ftruncate(fd, off_t{1} << 40) == 0 ? "sparse" : ::strerrorname_np(errno);
    said += ::fallocate(fd, 0, 0, off_t{10} << 30) == 0 ? " all" : fmt::format(" {}", ::strerrorname_np(errno));
    said += ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * kMiB) == 0 ? " some" : " none";
    said += ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * kMiB, 4 * kMiB) == 0 ? " more" : " no more";
    return said;
  });
  CHECK(outcome.said == "sparse ENOSPC some no more");
  check_within_caps(outcome);
}

TEST_CASE("what fallocate has promised can be written in a full store") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([]() -> std::string {
    const int fd = ::open("promised", O_CREAT | O_RDWR, 0600);
    if (::fallocate(fd, 0, 0, 2 * kMiB) != 0) return ::strerrorname_np(errno);
    std::string said = fill("rest");
    const std::string bytes(2 * kMiB, 'x');
    return said + " " + std::to_string(::write(fd, bytes.data(), bytes.size()));
  });
  CHECK(outcome.said == fmt::format("ENOSPC {}", 2 * kMiB));
  check_within_caps(outcome);
}

TEST_CASE("a mapping of a huge file writes out no more than the cap, and syncing it says so") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([]() -> std::string {
    constexpr std::size_t kHuge = 64 * kMiB;
    const int fd = ::open("mapped", O_CREAT | O_RDWR, 0600);
    if (::ftruncate(fd, kHuge) != 0) return ::strerrorname_np(errno);
    void* const map = ::mmap(nullptr, kHuge, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    std::memset(map, 1, kHuge);
    return ::msync(map, kHuge, MS_SYNC) != 0 ? ::strerrorname_np(errno) : "written";
  });
  CHECK(outcome.said == "ENOSPC");
  check_within_caps(outcome);
}

TEST_CASE("six writers at once end at the cap together") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([] {
    for (int i = 0; i < 6; ++i)
      if (::fork() == 0) ::_exit(fill(fmt::format("writer-{}", i)) == "ENOSPC" ? 0 : 1);
    int well = 0, status = 0;
    while (::wait(&status) > 0) well += status == 0 ? 1 : 0;
    return std::to_string(well);
  });
  CHECK(outcome.said == "6");
  check_within_caps(outcome);
}

TEST_CASE("unlinked files that are open count until they are closed") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([] {
    const int fd = ::open("gone", O_CREAT | O_WRONLY, 0600);
    ::unlink("gone");
    std::string said = fill(fd) + " " + std::to_string(::open("other", O_CREAT | O_WRONLY, 0600) >= 0);
    const int other = ::open("other", O_WRONLY);
    said += ::write(other, said.data(), said.size()) < 0 ? " full" : " room";
    ::close(fd);
    said += " " + fill(other);  // the room is there again
    struct stat status {};
    ::fstat(other, &status);
    return said + (status.st_size > static_cast<off_t>(6 * kMiB) ? " large" : " small");
  });
  CHECK(outcome.said == "ENOSPC 1 full ENOSPC large");
  check_within_caps(outcome);
}

TEST_CASE("attributes and hard links do not pass the cap") {
  SKIP_WITHOUT_FUSE;
  const Outcome outcome = attack([]() -> std::string {
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
  store::FuseStore fuse(test::wish_for(backing.path(), kTight, store::Backing::kFuse));
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
  store::FuseStore fuse(test::wish_for(backing.path(), kTight, store::Backing::kFuse));
  CHECK(test::inside_store(fuse, [] { return std::string("in"); }) == "in");
  CHECK(fuse.wait_until_released(std::chrono::seconds(10)));
  CHECK(fuse.next_news().state == store::Store::News::State::kReleased);
}

TEST_CASE("a tmpfs store ends at its caps") {
  store::Wish wish = test::wish_for("", kTight, store::Backing::kTmpfs);
  if (const std::string why = store::why_not(store::Backing::kTmpfs, wish); !why.empty())
    return test::skip("kernel: " + why);
  const store::Opened opened = store::open(std::move(wish));
  CHECK(test::inside_store(*opened.store, [] {
          int made = 0;
          while (made < 10000 && ::mknod(std::to_string(made).c_str(), S_IFREG | 0600, 0) == 0) ++made;
          std::string said = fmt::format("{} {}", made, ::strerrorname_np(errno));
          return said + " " + fill("0");
        }) == "199 ENOSPC ENOSPC");
}

TEST_CASE("auto says why it passed over what it passed over") {
  SKIP_WITHOUT_FUSE;
  const test::TempDir backing;
  store::Wish wish = test::wish_for(backing.path(), kTight, store::Backing::kFuse);
  wish.only.reset();
  wish.most_memory = 1;
  const store::Opened opened = store::open(std::move(wish));
  CHECK(opened.store->backing() == store::Backing::kFuse);
  REQUIRE(opened.rejected.size() == 1);
  CHECK(opened.rejected[0].why == "8MiB is too much of the session's memory");
}
