// What is told as changed, from upper layers as overlayfs leaves them.
#include "review/survey.h"

#include <unistd.h>

#include <filesystem>

#include "support/catch.h"
#include "support/containing.h"
#include "tracing.h"
#include "world.h"

using namespace clawbox::test;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

TEST_CASE("a file that is new, another, removed or has other permissions is told as that, parents first") {
  const World world;
  world.host("changed", "old\n");
  world.host("gone", "old gone\n");
  world.host("script", "#!/bin/sh\n");
  world.host("untouched", "x\n");
  world.write("added/file", "new\n");
  world.write("changed", "new\n");
  world.white_out("gone");
  world.write("script", "#!/bin/sh\n", 0755);
  CHECK(world.changes() == Words{"A added", "A added/file", "M changed", "D gone", "+x script"});
}

TEST_CASE("a file that was touched and holds what it held is no change, of whatever time") {
  const World world;
  world.host("file", "same\n");
  world.write("file", "same\n");
  CHECK(world.changes().empty());
  world.write("file", "sane\n");
  CHECK(world.changes() == Words{"M file"});
}

TEST_CASE("a whiteout of a directory tells everything that the host has in it, and one of nothing tells nothing") {
  const World world;
  world.host("directory/below/deep", "1\n");
  world.host("directory/file", "22\n");
  world.white_out("directory");
  world.white_out("never");
  CHECK(world.changes() == Words{"D directory", "D directory/below", "D directory/below/deep", "D directory/file"});
}

TEST_CASE("an opaque directory hides what the host has in it, also in the directories below") {
  const World world;
  world.host("directory/kept", "same\n");
  world.host("directory/below/hidden", "1\n");
  world.host("directory/below/other", "4444\n");
  world.host("directory/gone", "22\n");
  world.make_opaque("directory");
  world.write("directory/kept", "same\n");
  world.write("directory/below/other", "55555\n");
  CHECK(world.changes() == Words{"D directory/below/hidden", "M directory/below/other", "D directory/gone"});
}

TEST_CASE("a file in a directory's place, and a directory in a file's, are told with what goes and comes") {
  const World world;
  world.host("was-directory/file", "1\n");
  world.host("was-file", "22\n");
  world.write("was-directory", "now a file\n");
  world.write("was-file/inner", "333\n");
  CHECK(world.changes() == Words{"T was-directory", "D was-directory/file", "T was-file", "A was-file/inner"});
}

TEST_CASE("a symlink's text counts, and one that leads out of the workspace is risky") {
  const World world;
  fs::create_symlink("same", world.at_host("same"));
  fs::create_symlink("old", world.at_host("moved"));
  fs::create_symlink("same", world.in_upper("same"));
  fs::create_symlink("new", world.in_upper("moved"));
  for (const auto& [name, text] : std::map<std::string, std::string>{{"inside", "a/b"},
                                                                     {"mine", world.at_host("a")},
                                                                     {"out-absolute", "/etc/passwd"},
                                                                     {"out-beside", world.workspace() + "-other/x"},
                                                                     {"out-by-way", "a/../../x"},
                                                                     {"out-up", "../x"}})
    fs::create_symlink(text, world.in_upper(name));
  fs::create_directory(world.in_upper("d"));
  fs::create_symlink("../x", world.in_upper("d/up"));
  CHECK(world.changes() == Words{"A d", "A d/up", "A inside", "A mine", "L moved", "A out-absolute!", "A out-beside!",
                                 "A out-by-way!", "A out-up!"});
}

TEST_CASE("a file under another name is told as renamed, however the directory above it went") {
  const World world;
  world.host("old/one", "the content of one\n");
  world.host("old/two", "the content of two\n");
  world.host("old/empty", "");
  world.white_out("old");
  world.write("new/one", "the content of one\n");
  world.write("new/two", "the content of 2wo\n");
  world.write("new/empty", "");
  CHECK(world.changes() ==
        Words{"A new", "A new/empty", "R old/one > new/one", "A new/two", "D old", "D old/empty", "D old/two"});
}

TEST_CASE("a rename of what runs on the host is as risky as its other name") {
  const World world;
  world.write(".git/hooks/pre-commit", "#!/bin/sh\nevil\n", 0755);
  world.host("sample", "#!/bin/sh\nevil\n");
  world.white_out("sample");
  CHECK(world.changes() == Words{"A .git", "A .git/hooks!", "R sample > .git/hooks/pre-commit!"});
}

TEST_CASE("the hooks of bare repositories and of submodules are those of .git, whatever the directory's name") {
  const World world;
  world.host("bare.git/HEAD", "ref: refs/heads/main\n");
  fs::create_directories(world.at_host("bare.git/objects"));
  world.write("bare.git/hooks/post-update", "evil\n");
  world.write("made/HEAD", "x");
  world.write("made/objects/x", "x");
  world.write("made/hooks/update", "evil\n");
  world.write("plain/hooks/update", "harmless\n");
  CHECK(world.changes() == Words{"A bare.git/hooks!", "A bare.git/hooks/post-update!", "A made", "A made/HEAD",
                                 "A made/hooks!", "A made/hooks/update!", "A made/objects", "A made/objects/x",
                                 "A plain", "A plain/hooks", "A plain/hooks/update"});
}

TEST_CASE("a review costs what was changed, however many files the workspace has") {
  const auto opens_with = [](int directories) {
    const World world;
    for (int i = 0; i < directories; ++i) world.host("d" + std::to_string(i) + "/file", "content\n");
    world.white_out("d1/file");
    world.write("d2/file", "changed\n");
    REQUIRE(world.changes() == Words{"D d1/file", "M d2/file"});
    return opens_of([&] { world.changes(); });
  };
  CHECK(opens_with(3) > 5);
  CHECK(opens_with(200) == opens_with(3));
}

TEST_CASE("a session that wrote before reviews were possible is told apart from a damaged one") {
  const World world;
  ::unlink((world.overlay() + "/workspace").c_str());
  CHECK_THROWS_WITH(world.changes(), containing("does not say where its workspace is"));
}
