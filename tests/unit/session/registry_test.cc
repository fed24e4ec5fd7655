#include "session/registry.h"

#include <sys/stat.h>

#include "base/error.h"
#include "session/directories.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox;

namespace {

int files_in(const std::string& directory) {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

}  // namespace

TEST_CASE("a session is registered while it lives, and not longer") {
  const test::TempDir dir;
  {
    const session::Registration entry = session::Registry(dir / "sessions").enter(Plan{});
    CHECK(std::filesystem::exists(dir / "sessions/" + entry.id() + ".json"));
  }
  CHECK(files_in(dir / "sessions") == 0);
}

TEST_CASE("what a killed session left is swept by the next, and a living one is not") {
  const test::TempDir dir;
  const session::Registry registry(dir / "sessions");
  const session::Registration living = registry.enter(Plan{});
  test::write_file(dir / "sessions/dead.json", "{}");
  const session::Registration next = registry.enter(Plan{});
  CHECK_FALSE(std::filesystem::exists(dir / "sessions/dead.json"));
  CHECK(files_in(dir / "sessions") == 2);
}

TEST_CASE("a directory that others may write is refused") {
  const test::TempDir dir;
  test::make_directory(dir / "open");
  ::chmod((dir / "open").c_str(), 0777);
  CHECK_THROWS_AS(session::open_private_directory(dir / "open"), Error);
  ::chmod((dir / "open").c_str(), 0700);
  CHECK_NOTHROW(session::open_private_directory(dir / "open"));
}

TEST_CASE("a symlink is not taken for a directory of ours") {
  const test::TempDir dir;
  test::make_directory(dir / "real");
  std::filesystem::create_symlink(dir / "real", dir / "link");
  CHECK_THROWS_AS(session::open_private_directory(dir / "link"), Error);
}
