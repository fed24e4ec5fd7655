// What an apply does to the workspace, and what it refuses.
#include "review/apply.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "support/catch.h"
#include "support/containing.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::Applied;
using clawbox::review::Left;
using clawbox::review::Wish;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

Words paths_of(const std::vector<Left>& left) {
  Words paths;
  for (const Left& one : left) paths.push_back(one.path);
  return paths;
}

/// Each kind of change there is.
void fill(const World& world) {
  world.host("changed", "old\n");
  world.host("gone", "old gone\n");
  world.host("script", "#!/bin/sh\n");
  world.host("untouched", "x\n");
  world.host("hidden/inner/file", "1\n");
  world.host("opaque/gone", "22\n");
  world.host("opaque/kept", "333\n");
  world.host("was-directory/below/file", "4444\n");
  world.host("was-file", "55555\n");
  fs::create_symlink("old", world.at_host("link"));
  world.begin_session();
  world.write("added/deep/file", "new\n");
  world.write("changed", "new\n", 0600);
  world.white_out("gone");
  world.write("script", "#!/bin/sh\n", 0755);
  world.white_out("hidden");
  world.make_opaque("opaque");
  world.write("opaque/kept", "333 changed\n");
  world.write("opaque/made", "666666\n");
  world.write("was-directory", "now a file\n");
  world.write("was-file/inner", "7777777\n");
  fs::create_symlink("changed", world.in_upper("link"));
  ::chmod(world.in_upper("added/deep").c_str(), 0555);
}

}  // namespace

TEST_CASE("after an apply the workspace is what the session saw, and nothing of the session is left") {
  const World world;
  fill(world);
  const auto wanted = merged(world);
  REQUIRE(wanted != world.contents());
  const Applied applied = world.apply();
  CHECK(applied.left.empty());
  CHECK(applied.rest == Applied::Rest::kNone);
  CHECK(applied.staging.empty());
  CHECK(world.contents() == wanted);
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("a path applies alone, with the directories that it needs, and leaves the rest of the review as it was") {
  const World world;
  fill(world);
  const auto wanted = merged(world);
  const Applied applied = world.apply({.paths = {"added/deep/file", "opaque/made", "hidden"}});
  CHECK(applied.paths ==
        Words{"added", "added/deep", "added/deep/file", "hidden", "hidden/inner", "hidden/inner/file", "opaque/made"});
  CHECK(applied.rest == Applied::Rest::kSome);
  CHECK(read_file(world.at_host("opaque/made")) == "666666\n");
  CHECK(read_file(world.at_host("changed")) == "old\n");
  CHECK(fs::exists(world.at_host("opaque/gone")));
  CHECK(merged(world) == wanted);
  CHECK_FALSE(fs::exists(world.in_upper("added")));
  CHECK_FALSE(fs::exists(world.in_upper("opaque/made")));
  // A person's later edit of an applied file is no change of the session's.
  world.host("opaque/made", "mine\n");
  CHECK(world.changes() == Words{"M changed", "D gone", "L link", "D opaque/gone", "M opaque/kept", "+x script",
                                 "T was-directory", "D was-directory/below", "D was-directory/below/file", "T was-file",
                                 "A was-file/inner"});
  CHECK(world.apply().rest == Applied::Rest::kNone);
}

TEST_CASE("one file of a removed directory is removed alone") {
  const World world;
  world.host("directory/one", "1\n");
  world.host("directory/two", "22\n");
  world.white_out("directory");
  CHECK(world.apply({.paths = {"directory/one"}}).rest == Applied::Rest::kSome);
  CHECK_FALSE(fs::exists(world.at_host("directory/one")));
  CHECK(world.changes() == Words{"D directory", "D directory/two"});
}

TEST_CASE("what makes the host run code, or leads out of the workspace, is left until it is asked for") {
  const World world;
  world.write(".git/hooks/pre-commit", "#!/bin/sh\n", 0755);
  world.write("file", "harmless\n");
  fs::create_symlink("/etc/passwd", world.in_upper("passwd"));
  const Applied first = world.apply();
  CHECK(paths_of(first.left) == Words{".git/hooks", ".git/hooks/pre-commit", "passwd"});
  CHECK(first.rest == Applied::Rest::kSome);
  CHECK(fs::exists(world.at_host("file")));
  CHECK_FALSE(fs::exists(world.at_host(".git/hooks")));
  CHECK_FALSE(fs::is_symlink(world.at_host("passwd")));
  CHECK(world.apply({.risky = Wish::Risky::kIncluded}).rest == Applied::Rest::kNone);
  CHECK(fs::read_symlink(world.at_host("passwd")) == "/etc/passwd");
}

TEST_CASE("a removed directory stays where something risky in it stays") {
  const World world;
  world.host("repo/.git/hooks/pre-commit", "mine\n");
  world.host("repo/file", "x\n");
  world.white_out("repo");
  CHECK(paths_of(world.apply().left) == Words{"repo", "repo/.git", "repo/.git/hooks", "repo/.git/hooks/pre-commit"});
  CHECK(read_file(world.at_host("repo/.git/hooks/pre-commit")) == "mine\n");
  CHECK_FALSE(fs::exists(world.at_host("repo/file")));
}

TEST_CASE("where the host has changed a file since, nothing is applied unless it may be overwritten") {
  const World world;
  world.host("file", "old\n");
  world.host("other", "old\n");
  world.write("file", "the session's\n");
  world.write("other", "the session's\n");
  world.edit_on_host("file", "the person's\n");
  const auto before = world.contents();
  const Applied refused = world.apply();
  CHECK(paths_of(refused.conflicts) == Words{"file"});
  CHECK(world.contents() == before);
  CHECK(world.changes() == Words{"M file", "M other"});
  CHECK(paths_of(world.apply({.paths = {"other"}}).conflicts).empty());
  CHECK(world.apply({.host_changes = Wish::HostChanges::kOverwrite}).rest == Applied::Rest::kNone);
  CHECK(read_file(world.at_host("file")) == "the session's\n");
}

TEST_CASE("a file that the host put into a removed directory is not removed with it") {
  const World world;
  world.host("directory/old", "old\n");
  world.white_out("directory");
  world.edit_on_host("directory/new", "the person's\n");
  CHECK(paths_of(world.apply().conflicts) == Words{"directory/new"});
  CHECK(read_file(world.at_host("directory/old")) == "old\n");
}

TEST_CASE("a directory that has become a symlink on the host is not gone through") {
  const World world;
  const TempDir elsewhere;
  world.host("directory/file", "old\n");
  world.write("directory/file", "new\n");
  world.write("directory/made", "new\n");
  fs::rename(world.at_host("directory"), elsewhere / "directory");
  fs::create_directory_symlink(elsewhere / "directory", world.at_host("directory"));
  const auto before = contents_of(elsewhere.path());
  // The link is younger than the session: it is a conflict.
  world.edit_on_host("unrelated", "x\n");
  ::unlink(world.at_host("directory").c_str());
  fs::create_directory_symlink(elsewhere / "directory", world.at_host("directory"));
  CHECK(paths_of(world.apply().conflicts) == Words{"directory"});
  // Overwritten, the link itself goes.
  world.apply({.host_changes = Wish::HostChanges::kOverwrite});
  CHECK_FALSE(fs::is_symlink(world.at_host("directory")));
  CHECK(read_file(world.at_host("directory/file")) == "new\n");
  CHECK(contents_of(elsewhere.path()) == before);
}

TEST_CASE("links, holes, times and attributes arrive, and privileges do not") {
  const World world;
  world.write("one", "linked\n", 04755);
  fs::create_hard_link(world.in_upper("one"), world.in_upper("two"));
  world.write("sparse", "begin");
  REQUIRE(::truncate(world.in_upper("sparse").c_str(), 64 << 20) == 0);
  const timespec times[2] = {{1000000, 0}, {1000001, 5}};
  REQUIRE(::utimensat(AT_FDCWD, world.in_upper("sparse").c_str(), times, 0) == 0);
  REQUIRE(::setxattr(world.in_upper("sparse").c_str(), "user.mine", "v", 1, 0) == 0);
  REQUIRE(::setxattr(world.in_upper("sparse").c_str(), "user.overlay.origin", "", 0, 0) == 0);
  CHECK(world.apply().rest == Applied::Rest::kNone);
  CHECK(status_of(world.at_host("one")).st_ino == status_of(world.at_host("two")).st_ino);
  CHECK((status_of(world.at_host("one")).st_mode & 07777) == 0755);
  const struct stat sparse = status_of(world.at_host("sparse"));
  CHECK(sparse.st_size == 64 << 20);
  CHECK(sparse.st_blocks * 512 < 1 << 20);
  CHECK(sparse.st_mtim.tv_sec == 1000001);
  char value = 0;
  CHECK(::getxattr(world.at_host("sparse").c_str(), "user.mine", &value, 1) == 1);
  CHECK(::getxattr(world.at_host("sparse").c_str(), "user.overlay.origin", &value, 1) < 0);
}

TEST_CASE("permissions of a file that has another name, maybe outside of the workspace, stay what they are there") {
  const World world;
  world.host("file", "same\n");
  fs::create_hard_link(world.at_host("file"), world.directory() / "outside");
  world.begin_session();
  world.write("file", "same\n", 0755);
  CHECK(world.apply().rest == Applied::Rest::kNone);
  CHECK((status_of(world.at_host("file")).st_mode & 0777) == 0755);
  CHECK((status_of(world.directory() / "outside").st_mode & 0777) == 0644);
}

TEST_CASE("a file that nobody may read is left, and does not keep the others from being applied") {
  if (::geteuid() == 0) return;
  const World world;
  world.write("closed", "x\n", 0);
  world.write("file", "x\n");
  CHECK(paths_of(world.apply().left) == Words{"closed"});
  CHECK(fs::exists(world.at_host("file")));
}

TEST_CASE("who has a file open reads its old content to the end: it is replaced and never written") {
  const World world;
  world.host("file", "old\n");
  world.write("file", "new\n");
  const clawbox::OwnedFd open(::open(world.at_host("file").c_str(), O_RDONLY | O_CLOEXEC));
  world.apply();
  char bytes[8] = {};
  CHECK(::read(open.get(), bytes, sizeof bytes) == 4);
  CHECK(std::string(bytes) == "old\n");
  CHECK(read_file(world.at_host("file")) == "new\n");
}

TEST_CASE("devices, fifos and sockets are left, each by its name") {
  const World world;
  world.write("file", "x\n");
  REQUIRE(::mkfifo(world.in_upper("fifo").c_str(), 0644) == 0);
  const Applied applied = world.apply();
  REQUIRE(applied.left.size() == 1);
  CHECK(applied.left[0].path == "fifo");
  CHECK(applied.left[0].why == "a fifo");
  CHECK(fs::exists(world.at_host("file")));
  CHECK_FALSE(fs::exists(world.at_host("fifo")));
}

TEST_CASE("a directory that cannot be written is told before anything is done") {
  if (::geteuid() == 0) return;
  const World world;
  world.host("closed/file", "old\n");
  world.host("file", "old\n");
  world.write("closed/file", "new\n");
  world.write("file", "new\n");
  ::chmod(world.at_host("closed").c_str(), 0555);
  ::chmod(world.in_upper("closed").c_str(), 0555);
  CHECK(paths_of(world.apply().conflicts) == Words{"closed/file"});
  CHECK(read_file(world.at_host("file")) == "old\n");
  // The session opened it, and so do we.
  ::chmod(world.in_upper("closed").c_str(), 0755);
  CHECK(world.apply().rest == Applied::Rest::kNone);
  CHECK(read_file(world.at_host("closed/file")) == "new\n");
}

TEST_CASE("a removed tree goes although its directories cannot be written, and a read-only one arrives") {
  const World world;
  world.host("cache/module/file", "x\n", 0444);
  ::chmod(world.at_host("cache/module").c_str(), 0555);
  world.begin_session();
  world.white_out("cache");
  world.write("other/module/file", "y\n", 0444);
  ::chmod(world.in_upper("other/module").c_str(), 0555);
  CHECK(world.apply().rest == Applied::Rest::kNone);
  CHECK_FALSE(fs::exists(world.at_host("cache")));
  CHECK((status_of(world.at_host("other/module")).st_mode & 0777) == 0555);
}

TEST_CASE("while the session lives, nothing is applied or discarded") {
  const World world;
  world.write("file", "x\n");
  const clawbox::review::Layers session = world.layers();
  session.lock_for("the session");
  const clawbox::review::Layers ours = world.layers();
  CHECK(ours.session_lives());
  try {
    ours.lock_for("apply");
    FAIL("it is locked");
  } catch (const clawbox::Error& error) {
    CHECK(error.status() == clawbox::ExitStatus::kProblemsFound);
  }
}

TEST_CASE("a path that names no change is an error that names the nearest") {
  const World world;
  world.write("directory/file", "x\n");
  CHECK_THROWS_WITH(world.apply({.paths = {"directory/fiel"}}), containing("did you mean 'directory/file'"));
  CHECK_FALSE(fs::exists(world.at_host("directory")));
}
