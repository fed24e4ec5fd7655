// Changes thrown away: the host stays as it is, and so do the other changes.
#include <sys/stat.h>

#include <filesystem>

#include "review/apply.h"
#include "support/catch.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::Applied;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

TEST_CASE("everything is discarded: nothing of the session is left, and the workspace is as it was") {
  const World world;
  world.host("file", "old\n");
  world.write("file", "new\n");
  world.write("closed/file", "new\n");
  ::chmod(world.in_upper("closed").c_str(), 0);
  const auto before = world.contents();
  CHECK(world.discard().rest == Applied::Rest::kNone);
  CHECK(world.contents() == before);
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("one file of an opaque directory is discarded: the host's shows again, and the others stay hidden") {
  const World world;
  world.host("directory/one", "1\n");
  world.host("directory/two", "22\n");
  world.host("directory/below/three", "333\n");
  world.make_opaque("directory");
  world.write("directory/one", "changed\n");
  world.write("directory/below/made", "4444\n");
  CHECK(world.discard({"directory/one"}).paths == Words{"directory/one"});
  CHECK(world.changes() == Words{"A directory/below/made", "D directory/below/three", "D directory/two"});
  CHECK(world.discard({"directory/two"}).left.empty());
  CHECK(world.changes() == Words{"A directory/below/made", "D directory/below/three"});
}

TEST_CASE("one file of a removed directory is kept: the others are still removed") {
  const World world;
  world.host("directory/below/one", "1\n");
  world.host("directory/below/two", "22\n");
  world.host("directory/three", "333\n");
  world.white_out("directory");
  CHECK(world.discard({"directory/below/one"}).paths == Words{"directory/below/one"});
  CHECK(world.changes() == Words{"D directory/below/two", "D directory/three"});
}

TEST_CASE("a new directory goes whole, whatever permissions it has, and leaves its neighbours") {
  const World world;
  world.write("made/deep/file", "x\n");
  world.write("kept", "x\n");
  ::chmod(world.in_upper("made/deep").c_str(), 0);
  CHECK(world.discard({"made"}).left.empty());
  CHECK(world.changes() == Words{"A kept"});
}

TEST_CASE("permissions of a directory are discarded, and what was changed in it stays") {
  const World world;
  world.host("directory/file", "old\n");
  world.write("directory/file", "new\n");
  ::chmod(world.in_upper("directory").c_str(), 0700);
  REQUIRE(world.changes() == Words{"+x directory", "M directory/file"});
  world.discard({"directory/file"});
  CHECK(world.changes() == Words{"+x directory"});
  CHECK(world.discard({"directory"}).rest == Applied::Rest::kNone);
}

TEST_CASE("a file that took a directory's place goes only with it") {
  const World world;
  world.host("directory/file", "old\n");
  world.write("directory", "now a file\n");
  const auto refused = world.discard({"directory/file"});
  REQUIRE(refused.left.size() == 1);
  CHECK(refused.left[0].path == "directory/file");
  CHECK(world.discard({"directory"}).rest == Applied::Rest::kNone);
}
