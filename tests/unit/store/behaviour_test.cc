// A fuse store behaves like the directory that it shows.
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "store/fuse_store.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "unit/store/session.h"

using namespace clawbox;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr store::Caps kRoomy{64 * kMiB, 10000};

/// "ok", or the first line that did not hold, with errno.
#define REQUIRE_INSIDE(condition) \
  if (!(condition)) return fmt::format("line {}: {}: {}", __LINE__, #condition, std::strerror(errno))

std::string ok(const std::function<std::string()>& act) {
  const test::TempDir backing;
  return test::inside_fuse(backing.path(), kRoomy, act);
}

bool fuse_works() { return store::FuseStore::why_not().empty(); }

}  // namespace

#define SKIP_WITHOUT_FUSE \
  if (!fuse_works()) return clawbox::test::skip("kernel: " + store::FuseStore::why_not())

TEST_CASE("what is written inside is a plain file outside, of the same owner, after the end") {
  SKIP_WITHOUT_FUSE;
  const test::TempDir backing;
  const std::string said = test::inside_fuse(backing.path(), kRoomy, [] {
    test::write_file("a/b/file", "hello", 0640);
    return test::read_file("a/b/file");
  });
  CHECK(said == "hello");
  CHECK(test::read_file(backing / "a/b/file") == "hello");
  struct stat status {};
  REQUIRE(::stat((backing / "a/b/file").c_str(), &status) == 0);
  CHECK(status.st_uid == ::geteuid());
  CHECK((status.st_mode & 07777) == 0640);
}

TEST_CASE("a file made read-only can be written by who made it, and by nobody later") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          const int fd = ::open("object", O_CREAT | O_EXCL | O_WRONLY, 0444);
          REQUIRE_INSIDE(fd >= 0 && ::write(fd, "x", 1) == 1 && ::close(fd) == 0);
          return test::read_file("object");
        }) == "x");
}

TEST_CASE("an unlinked file stays readable and writable while it is open") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          const int fd = ::open("gone", O_CREAT | O_RDWR, 0600);
          REQUIRE_INSIDE(::write(fd, "abc", 3) == 3);
          REQUIRE_INSIDE(::unlink("gone") == 0 && ::access("gone", F_OK) < 0);
          REQUIRE_INSIDE(::pwrite(fd, "d", 1, 3) == 1 && ::fchmod(fd, 0400) == 0 && ::ftruncate(fd, 8192) == 0);
          char text[5] = {};
          struct stat status {};
          REQUIRE_INSIDE(::pread(fd, text, 4, 0) == 4 && ::fstat(fd, &status) == 0);
          return fmt::format("{} {} {} {:o}", text, status.st_nlink, status.st_size, status.st_mode & 0777);
        }) == "abcd 0 8192 400");
}

TEST_CASE("an open file that another is renamed over keeps its content") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          test::write_file("./old", "old");
          test::write_file("./new", "new");
          const int fd = ::open("old", O_RDWR);
          REQUIRE_INSIDE(::rename("new", "old") == 0);
          char text[4] = {};
          REQUIRE_INSIDE(::pread(fd, text, 3, 0) == 3 && ::pwrite(fd, "more", 4, 3) == 4);
          return fmt::format("{} {}", text, test::read_file("old"));
        }) == "old new");
}

TEST_CASE("hard links are one file: one number, one content, until the last name goes") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          ::mkdir("d", 0700);
          test::write_file("./one", "1");
          REQUIRE_INSIDE(::link("one", "d/two") == 0 && ::link("d/two", "three") == 0);
          test::write_file("d/two", "22");
          REQUIRE_INSIDE(::unlink("one") == 0 && ::unlink("d/two") == 0 && ::rmdir("d") == 0);
          struct stat status {};
          REQUIRE_INSIDE(::stat("three", &status) == 0);
          REQUIRE_INSIDE(::link("three", "four") == 0);
          return fmt::format("{} {} {}", test::read_file("three"), status.st_nlink, test::read_file("four"));
        }) == "22 1 22");
}

TEST_CASE("a file of O_TMPFILE can be written, and linked to a name") {
  SKIP_WITHOUT_FUSE;
  const std::string said = ok([]() -> std::string {
    const int fd = ::open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0) return fmt::format("no O_TMPFILE: {}", std::strerror(errno));
    REQUIRE_INSIDE(::write(fd, "tmp", 3) == 3);
    REQUIRE_INSIDE(
        ::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", fd).c_str(), AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
    return test::read_file("named");
  });
  if (said.starts_with("no O_TMPFILE")) return test::skip("kernel: " + said);
  CHECK(said == "tmp");
}

TEST_CASE("an overlay's upper layer can be had: exchange, whiteout, d_type, user attributes") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          test::write_file("./a", "a");
          test::write_file("./b", "b");
          REQUIRE_INSIDE(::renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE) == 0);
          REQUIRE_INSIDE(test::read_file("a") == "b" && test::read_file("b") == "a");
          REQUIRE_INSIDE(::renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_WHITEOUT) == 0);
          struct stat status {};
          REQUIRE_INSIDE(::lstat("a", &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == 0);
          REQUIRE_INSIDE(::renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE) < 0 && errno == EEXIST);
          REQUIRE_INSIDE(::mkdir("dir", 0700) == 0 && ::setxattr("dir", "user.overlay.opaque", "y", 1, 0) == 0);
          char value[8] = {}, names[64] = {};
          REQUIRE_INSIDE(::getxattr("dir", "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y');
          REQUIRE_INSIDE(::listxattr("dir", names, sizeof names) == 20);
          REQUIRE_INSIDE(::removexattr("dir", "user.overlay.opaque") == 0);
          REQUIRE_INSIDE(::getxattr("dir", "user.overlay.opaque", value, sizeof value) < 0 && errno == ENODATA);
          REQUIRE_INSIDE(::setxattr("dir", "trusted.x", "y", 1, 0) < 0);
          std::string types;
          DIR* listing = ::opendir(".");
          for (const dirent* entry = ::readdir(listing); entry != nullptr; entry = ::readdir(listing))
            if (entry->d_name == std::string("dir")) types += entry->d_type == DT_DIR ? "D" : "?";
          return types;
        }) == "D");
}

TEST_CASE("device nodes other than a whiteout are refused") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          REQUIRE_INSIDE(::mknod("null", S_IFCHR | 0666, makedev(1, 3)) < 0 && errno == EPERM);
          REQUIRE_INSIDE(::mknod("fifo", S_IFIFO | 0600, 0) == 0);
          return "ok";
        }) == "ok");
}

TEST_CASE("holes, SEEK_HOLE, fallocate, truncation by open and mapped writes reach the file") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          int fd = ::open("f", O_CREAT | O_RDWR, 0600);
          REQUIRE_INSIDE(::pwrite(fd, "x", 1, kMiB) == 1);
          REQUIRE_INSIDE(::lseek(fd, 0, SEEK_DATA) == static_cast<off_t>(kMiB));
          REQUIRE_INSIDE(::lseek(fd, 0, SEEK_HOLE) == 0);
          REQUIRE_INSIDE(::fallocate(fd, 0, 0, 2 * kMiB) == 0);
          struct stat status {};
          REQUIRE_INSIDE(::fstat(fd, &status) == 0 && status.st_blocks * 512 >= static_cast<off_t>(2 * kMiB));
          void* map = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
          std::memcpy(map, "mapped", 6);
          REQUIRE_INSIDE(::msync(map, 4096, MS_SYNC) == 0 && ::munmap(map, 4096) == 0 && ::close(fd) == 0);
          REQUIRE_INSIDE(test::read_file("f").starts_with("mapped"));
          fd = ::open("f", O_WRONLY | O_TRUNC);
          REQUIRE_INSIDE(::fstat(fd, &status) == 0 && status.st_size == 0 && status.st_blocks == 0);
          return "ok";
        }) == "ok");
}

TEST_CASE("a deep tree, long names and a directory of thousands are listed and removed whole") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          const std::string name(200, 'n');
          for (int level = 0; level < 400; ++level)
            REQUIRE_INSIDE(::mkdir(name.c_str(), 0700) == 0 && ::chdir(name.c_str()) == 0);
          test::write_file("./bottom", "deep");
          REQUIRE_INSIDE(test::read_file("./bottom") == "deep" && ::unlink("bottom") == 0);
          for (int i = 0; i < 3000; ++i)
            REQUIRE_INSIDE(::mknod(fmt::format("{:04}", i).c_str(), S_IFREG | 0600, 0) == 0);
          int seen = 0;
          DIR* listing = ::opendir(".");
          while (const dirent* entry = ::readdir(listing))
            if (entry->d_name[0] != '.') ++seen;
          ::rewinddir(listing);
          while (const dirent* entry = ::readdir(listing))
            if (entry->d_name[0] != '.') REQUIRE_INSIDE(::unlink(entry->d_name) == 0);
          for (int level = 0; level < 400; ++level) REQUIRE_INSIDE(::chdir("..") == 0 && ::rmdir(name.c_str()) == 0);
          return std::to_string(seen);
        }) == "3000");
}

TEST_CASE("a removed directory that somebody is in answers, and takes nothing new") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          ::mkdir("d", 0700);
          REQUIRE_INSIDE(::chdir("d") == 0 && ::rmdir("../d") == 0);
          struct stat status {};
          REQUIRE_INSIDE(::stat(".", &status) == 0 && S_ISDIR(status.st_mode));
          REQUIRE_INSIDE(::mkdir("e", 0700) < 0 && errno == ENOENT);
          return fmt::format("{:o} {} {}", status.st_mode, status.st_uid == ::getuid(), status.st_nlink);
        }) == "40700 true 0");
}

TEST_CASE("a directory renamed while in use is found below its new name") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          test::write_file("a/b/c", "c");
          ::mkdir("x", 0700);
          REQUIRE_INSIDE(::rename("a", "x/y") == 0);
          REQUIRE_INSIDE(::access("a", F_OK) < 0);
          test::write_file("a/b/c", "other");
          return test::read_file("x/y/b/c") + test::read_file("a/b/c");
        }) == "cother");
}

TEST_CASE("df shows the cap") {
  SKIP_WITHOUT_FUSE;
  CHECK(ok([]() -> std::string {
          struct statfs shown {};
          REQUIRE_INSIDE(::statfs(".", &shown) == 0);
          return fmt::format("{} {}", shown.f_blocks * static_cast<uint64_t>(shown.f_frsize), shown.f_files);
        }) == fmt::format("{} {}", kRoomy.bytes, kRoomy.files));
}
