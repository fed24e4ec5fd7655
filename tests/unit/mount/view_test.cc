#include "mount/view.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include <fmt/format.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/processes.h"

using namespace clawbox;

namespace {

void map_own_ids(uid_t uid, gid_t gid) {
  sys::write_all(sys::open("/proc/self/setgroups", O_WRONLY), "deny", "setgroups");
  sys::write_all(sys::open("/proc/self/uid_map", O_WRONLY), fmt::format("{0} {0} 1", uid), "uid_map");
  sys::write_all(sys::open("/proc/self/gid_map", O_WRONLY), fmt::format("{0} {0} 1", gid), "gid_map");
}

/// What `looks` says from inside a view of `steps`; an exception of the view is its text.
std::string inside(const std::vector<MountStep>& steps, const std::function<std::string()>& looks) {
  sys::Pipe answer = sys::make_pipe();
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  sys::Clone clone = sys::clone_into(CLONE_NEWUSER | CLONE_NEWNS);
  if (clone.pid == 0) {
    try {
      map_own_ids(uid, gid);
      mount::View view;
      for (const MountStep& step : steps) view.apply(step, OwnedFd());
      view.enter();
      sys::write_all(answer.write_end, looks(), "the answer");
    } catch (const Error& error) {
      sys::write_all(answer.write_end, error.what(), "the answer");
    }
    ::_exit(0);
  }
  answer.write_end.reset();
  sys::Process process(clone.pid, std::move(clone.pidfd));
  return sys::read_all(answer.read_end, 10000, "the answer");
}

MountStep step(MountAction action) { return {std::move(action), {"test.toml", 7}, ""}; }

std::string try_to_make(const std::string& path) {
  return ::open(path.c_str(), O_CREAT | O_WRONLY, 0600) >= 0 ? "made" : std::strerror(errno);
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a read-only bind refuses what a writable one allows") {
  const test::TempDir dir;
  CHECK(inside({step(Bind{dir.path(), "/w", Access::kReadWrite})}, [] { return try_to_make("/w/file"); }) == "made");
  CHECK(inside({step(Bind{dir.path(), "/w", Access::kReadOnly})}, [] { return try_to_make("/w/other"); }) ==
        "Read-only file system");
}

TEST_CASE("the root itself is read-only, and holds nothing of the set-up") {
  CHECK(inside({}, [] { return try_to_make("/file"); }) == "Read-only file system");
  const test::TempDir dir;
  const std::string names = inside({step(Tmpfs{"/tmp", 65536, 16, 0755}), step(File{"/etc/hosts", "x"})}, [] {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator("/")) all += entry.path().string() + " ";
    return all;
  });
  CHECK((names == "/tmp /etc " || names == "/etc /tmp "));
}

TEST_CASE("a mount target that is a symlink is refused, with the profile's line") {
  const test::TempDir dir;
  std::filesystem::create_symlink("/elsewhere", dir / "link");
  const std::string said =
      inside({step(Bind{dir.path(), "/w", Access::kReadWrite}), step(Tmpfs{"/w/link", 65536, 16, 0755})},
             [] { return "went on"; });
  CHECK(contains(said, "is a symlink"));
  CHECK(contains(said, "test.toml:7"));
}

TEST_CASE("a missing mount point is never made in a directory of the host") {
  const test::TempDir dir;
  const std::string said =
      inside({step(Bind{dir.path(), "/w", Access::kReadWrite}), step(Tmpfs{"/w/new", 65536, 16, 0755})},
             [] { return "went on"; });
  CHECK(contains(said, "belongs to the host"));
  CHECK_FALSE(std::filesystem::exists(dir / "new"));
}

TEST_CASE("what is covered cannot be read, though it can be read outside") {
  const test::TempDir dir;
  test::write_file(dir / "secret", "key");
  test::write_file(dir / "keys/one", "key");
  CHECK(inside({step(Bind{dir.path(), "/w", Access::kReadOnly})}, [] { return test::read_file("/w/secret"); }) ==
        "key");
  const std::vector<MountStep> covered{step(Bind{dir.path(), "/w", Access::kReadOnly}), step(Cover{"/w/secret", false}),
                                       step(Cover{"/w/keys", false})};
  CHECK(inside(covered, [] { return test::read_file("/w/secret") + "."; }) == ".");
  CHECK(inside(covered, [] { return std::filesystem::exists("/w/keys/one") ? "there" : "gone"; }) == "gone");
}

TEST_CASE("a pinned directory is writable and cannot be renamed") {
  const test::TempDir dir;
  test::make_directory(dir / "git");
  const std::vector<MountStep> pinned{step(Bind{dir.path(), "/w", Access::kReadWrite}), step(Pin{"/w/git"})};
  CHECK(inside(pinned, [] { return try_to_make("/w/git/file"); }) == "made");
  CHECK(inside(pinned, [] { return ::rename("/w/git", "/w/away") == 0 ? "moved" : std::strerror(errno); }) ==
        std::string("Device or resource busy"));
}

TEST_CASE("a source that has become a symlink since the plan was made is refused") {
  const test::TempDir dir;
  test::make_directory(dir / "real");
  std::filesystem::create_symlink(dir / "real", dir / "swapped");
  CHECK(contains(inside({step(Bind{dir / "swapped", "/w", Access::kReadWrite})}, [] { return "went on"; }),
                 "Too many levels of symbolic links"));
}
