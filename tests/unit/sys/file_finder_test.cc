// What sys/file_finder.h promises: the whole tree where all file systems answer, the kernel's cache elsewhere.
#include "sys/file_finder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/openat2.h"

using namespace clawbox;
namespace fs = std::filesystem;

namespace {

/// A file behind a link whose access time is due.
struct World {
  World() {
    test::write_file(directory / "file", "");
    fs::create_symlink("file", directory / "link");
    const timespec old[] = {{1'000'000, 0}, {1'000'000, 0}};
    ::utimensat(AT_FDCWD, (directory / "link").c_str(), old, AT_SYMLINK_NOFOLLOW);
    root = sys::open(directory.path(), O_PATH | O_DIRECTORY);
  }
  test::TempDir directory;
  OwnedFd root;
};

bool yes() { return true; }
bool no() { return false; }

}  // namespace

TEST_CASE("what the cache alone cannot find is found where all file systems answer") {
  const World world;
  CHECK(sys::FileFinder(yes).find(world.root, "/link").file);
  CHECK(sys::FileFinder(yes).find(world.root, "/none").error == ENOENT);
  CHECK(sys::FileFinder(yes).find(world.root, "/file/none").error == ENOTDIR);
}

TEST_CASE("elsewhere a look-up that could wait is given up with EAGAIN") {
  const World world;
  sys::FileFinder finder(no);
  const sys::FileFinder::Found link = finder.find(world.root, "/link");
  if (link.file) return test::skip("kernel: no access time is due on this file system (noatime)");
  CHECK(link.error == EAGAIN);
  fs::create_directory(world.directory / "new");
  fs::rename(world.directory / "new", world.directory / "newer");
  CHECK(finder.find(world.root, "/file").file);
}

TEST_CASE("no path leads out of the root") {
  const World world;
  fs::create_symlink("/etc/passwd", world.directory / "out");
  CHECK(sys::FileFinder(yes).find(world.root, "/out").error == ENOENT);
  CHECK(sys::FileFinder(yes).find(world.root, "/../../../../etc/passwd").error == ENOENT);
}

TEST_CASE("a name that is not there is known to be lacking, and one that is there never") {
  const World world;
  sys::FileFinder finder(yes);
  CHECK(finder.lacks(world.root, "none"));
  CHECK_FALSE(finder.lacks(world.root, "file"));
  CHECK_FALSE(finder.lacks(world.root, "link"));
}
