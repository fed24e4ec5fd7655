#include "sys/files.h"

#include <fcntl.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox;

namespace {

struct Tree {
  test::TempDir dir;
  OwnedFd root = sys::open(dir.path(), O_PATH | O_DIRECTORY);
};

}  // namespace

TEST_CASE("RESOLVE_IN_ROOT takes an absolute symlink as a path inside the root") {
  Tree tree;
  test::write_file(tree.dir / "etc/name", "inside");
  sys::make_symlink(tree.root, "link", "/etc/name");
  const OwnedFd file = sys::open_at(tree.root, "link", O_RDONLY, sys::Resolve::kInRoot);
  CHECK(sys::read_all(file, 100, "link") == "inside");
}

TEST_CASE("a path with a symlink in it is refused where none may be") {
  Tree tree;
  test::write_file(tree.dir / "real/file", "x");
  sys::make_symlink(tree.root, "way", "real");
  CHECK_NOTHROW(sys::open_at(tree.root, "real/file", O_RDONLY, sys::Resolve::kBeneathNoSymlinks));
  CHECK_THROWS_AS(sys::open_at(tree.root, "way/file", O_RDONLY, sys::Resolve::kBeneathNoSymlinks), SysError);
}

TEST_CASE("a path cannot climb out of the directory that it must stay beneath") {
  Tree tree;
  test::write_file(tree.dir / "file", "x");
  const OwnedFd below = (sys::make_directory(tree.root, "below", 0700), sys::open(tree.dir / "below", O_PATH));
  CHECK_THROWS_AS(sys::open_at(below, "../file", O_RDONLY, sys::Resolve::kBeneathNoSymlinks), SysError);
}

TEST_CASE("what is absent is a value, and what is refused is an exception") {
  Tree tree;
  sys::make_symlink(tree.root, "loop", "loop");
  CHECK_FALSE(sys::open_if_there(tree.root, "nothing", O_PATH, sys::Resolve::kInRoot));
  CHECK_THROWS_AS(sys::open_if_there(tree.root, "loop", O_RDONLY, sys::Resolve::kInRoot), SysError);
}

TEST_CASE("a file longer than the limit is not read") {
  Tree tree;
  test::write_file(tree.dir / "file", std::string(101, 'x'));
  CHECK_THROWS_AS(sys::read_all(sys::open(tree.dir / "file", O_RDONLY), 100, "file"), SysError);
  CHECK(sys::read_all(sys::open(tree.dir / "file", O_RDONLY), 101, "file").size() == 101);
}

TEST_CASE("replacing a file leaves nothing beside it") {
  Tree tree;
  sys::replace_file(tree.root, "file", "one", 0600);
  sys::replace_file(tree.root, "file", "two", 0600);
  CHECK(test::read_file(tree.dir / "file") == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(tree.dir.path()), {}) == 1);
}

TEST_CASE("a lock has one owner") {
  Tree tree;
  test::write_file(tree.dir / "lock", "");
  const OwnedFd first = sys::open(tree.dir / "lock", O_RDONLY);
  const OwnedFd second = sys::open(tree.dir / "lock", O_RDONLY);
  CHECK(sys::try_lock(first));
  CHECK_FALSE(sys::try_lock(second));
}
