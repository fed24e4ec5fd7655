// Where a path leads: links, "..", and what tries to leave the directory that everything must stay in.
#include "files/place.h"

#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"

using namespace clawbox;
using namespace clawbox::files;
using clawbox::test::TempDir;

namespace {

int refusal(const std::string& beneath, const std::string& path) {
  try {
    place_of(beneath, path, LastLink::kFollowed, Missing::kRefused);
    return 0;
  } catch (const SysError& error) {
    return error.code();
  }
}

std::string shown(const Place& place) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(place.directory.get())).string() + "|" +
         place.name;
}

struct Tree {
  TempDir directory;
  std::string box = test::make_directory(std::filesystem::canonical(directory.path()).string() + "/box");
  Tree() {
    test::make_directory(box + "/a/b");
    test::write_file(box + "/a/file", "x");
    test::write_file(directory / "secret", "s");
  }
  std::string at(const std::string& path) const {
    return shown(place_of(box, box + path, LastLink::kFollowed, Missing::kRefused));
  }
  void link(const std::string& name, const std::string& text) const {
    std::filesystem::create_symlink(text, box + "/" + name);
  }
};

}  // namespace

TEST_CASE("a path is walked to the directory that holds it, and what is not there yet has a place") {
  const Tree tree;
  CHECK(tree.at("/a/file") == tree.box + "/a|file");
  CHECK(tree.at("/a/./b/../new") == tree.box + "/a|new");
  CHECK(tree.at("//a//b//") == tree.box + "/a|b");
  CHECK(tree.at("") == tree.box + "|.");
}

TEST_CASE("links are followed as far as they stay inside, also absolute ones") {
  const Tree tree;
  tree.link("relative", "a/../a/file");
  tree.link("absolute", tree.box + "/a/file");
  tree.link("directory", "a");
  CHECK(tree.at("/relative") == tree.box + "/a|file");
  CHECK(tree.at("/absolute") == tree.box + "/a|file");
  CHECK(tree.at("/directory/b/../file") == tree.box + "/a|file");
  const Place kept = place_of(tree.box, tree.box + "/relative", LastLink::kKept, Missing::kRefused);
  CHECK(kept.name == "relative");
}

TEST_CASE("what leads out is EXDEV, however it is spelled") {
  const Tree tree;
  tree.link("up", "../secret");
  tree.link("far", "/etc/passwd");
  tree.link("through", "a/b/../../../secret");
  tree.link("middle", "/etc");
  CHECK(test::read_file(tree.box + "/up") == "s");  // it does lead there
  for (const char* path : {"/up", "/far", "/through", "/middle/passwd", "/../secret", "/a/../../secret"}) {
    INFO(path);
    CHECK(refusal(tree.box, tree.box + path) == EXDEV);
  }
  CHECK(refusal(tree.box, "/etc/passwd") == EXDEV);
  CHECK(refusal(tree.box, tree.box + "x/file") == EXDEV);
}

TEST_CASE("the directory to stay in is none that a link of the session leads to") {
  const Tree tree;
  std::filesystem::create_directory_symlink("/etc", tree.box + "/far");
  std::filesystem::create_directory_symlink("a", tree.box + "/near");
  CHECK(test::read_file(tree.box + "/far/passwd") != "");  // it does lead there
  CHECK(refusal(tree.box + "/far", tree.box + "/far/passwd") == ELOOP);
  CHECK(refusal(tree.box + "/near", tree.box + "/near/file") == ELOOP);
  CHECK(refusal(tree.box + "/near/b", tree.box + "/near/b/new") == ELOOP);
  CHECK(refusal(tree.box + "/a/b", tree.box + "/a/b/new") == 0);
}

TEST_CASE("on the way to it links of the system are followed") {
  if (::geteuid() == 0) return;  // whose own they are
  REQUIRE(std::filesystem::is_symlink("/proc/self"));
  CHECK(refusal("/proc/self", "/proc/self/status") == 0);
  CHECK(refusal("/proc/self", "/proc/status") == EXDEV);
}

TEST_CASE("of the root the parent is the root") { CHECK(refusal("/", "/../../etc/passwd") == 0); }

TEST_CASE("links in a circle end, and a file on the way is no directory") {
  const Tree tree;
  tree.link("one", "two");
  tree.link("two", "one");
  CHECK(refusal(tree.box, tree.box + "/one") == ELOOP);
  CHECK(refusal(tree.box, tree.box + "/a/file/x") == ENOTDIR);
  CHECK(refusal(tree.box, tree.box + "/none/x") == ENOENT);
}

TEST_CASE("directories on the way are made, through links and not out of the box") {
  const Tree tree;
  tree.link("in", "a");
  make_directories(tree.box, tree.box + "/in/deep/er", {});
  make_directories(tree.box, tree.box + "/in/deep/er", {});
  CHECK(std::filesystem::is_directory(tree.box + "/a/deep/er"));
  tree.link("out", "..");
  CHECK_THROWS_AS(make_directories(tree.box, tree.box + "/out/made", {}), SysError);
  CHECK(!std::filesystem::exists(tree.directory / "made"));
}
