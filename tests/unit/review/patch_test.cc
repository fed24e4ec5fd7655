// Patches that the tools of others take.
#include "review/patch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "support/catch.h"
#include "support/run.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::FilePatch;
using clawbox::review::patch_of;
namespace fs = std::filesystem;

namespace {

std::string whole_patch(const World& world) {
  std::string text;
  const auto layers = world.layers();
  for (const auto& change : clawbox::review::survey(layers, is_risky).all) text += patch_of(change, layers).text;
  return text;
}

Finished in_workspace(const World& world, std::vector<std::string> argv, const std::string& input) {
  return run(
      {.argv = std::move(argv),
       .environment = {std::string("PATH=") + ::getenv("PATH"), "HOME=/nonexistent", "GIT_CEILING_DIRECTORIES=/"},
       .directory = world.workspace(),
       .input = input});
}

/// As git and patch(1) see it: no directories, and one bit of permissions.
std::map<std::string, std::string> files_of(std::map<std::string, std::string> contents) {
  std::erase_if(contents, [](const auto& one) { return one.second.starts_with("directory"); });
  return contents;
}

void fill(const World& world) {
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "line " + std::to_string(i) + "\n";
  world.host("changed", lines);
  world.host("gone", "old gone\n");
  world.host("no-newline", "a\nb");
  world.host("script", "#!/bin/sh\n");
  world.host("d e/with blank", "1\n2\n3\n");
  world.host("renamed/before", "the same content\n");
  world.host("empty-gone", "");
  world.write("added/file", "new\nlines\n");
  world.write("changed", "first\n" + lines.substr(0, 100) + "middle\n" + lines.substr(107) + "last");
  world.white_out("gone");
  world.white_out("empty-gone");
  world.write("no-newline", "a\nb\n");
  world.write("script", "#!/bin/sh\n", 0755);
  world.write("d e/with blank", "1\n3\n");
  world.white_out("renamed/before");
  world.write("renamed/after", "the same content\n");
  world.write("new\nline \"quoted\" \xc3\xa4\\", "odd name\n");
  world.write("empty", "");
}

}  // namespace

TEST_CASE("git apply makes of the workspace what the session saw") {
  if (!find_program("git")) return clawbox::test::skip("there is no git");
  const World world;
  fill(world);
  world.host("was-file", "1\n");
  fs::create_symlink("gone", world.in_upper("link"));
  ::unlink(world.at_host("was-file").c_str());
  const auto wanted = files_of(merged(world));
  const std::string patch = whole_patch(world);
  const Finished finished = in_workspace(world, {"git", "apply", "-"}, patch);
  INFO(patch << finished.err);
  CHECK(finished.status == 0);
  CHECK(files_of(world.contents()) == wanted);
}

TEST_CASE("patch -p1 makes of the workspace what the session saw") {
  if (!find_program("patch")) return clawbox::test::skip("there is no patch");
  const World world;
  fill(world);
  ::unlink(world.at_host("empty-gone").c_str());  // patch(1) takes the removal of an empty file for one done already
  const auto wanted = files_of(merged(world));
  const std::string patch = whole_patch(world);
  const Finished finished = in_workspace(world, {"patch", "-p1", "-s"}, patch);
  INFO(patch << finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(files_of(world.contents()) == wanted);
}

TEST_CASE("random texts arrive through git apply as they are") {
  if (!find_program("git")) return clawbox::test::skip("there is no git");
  std::mt19937 random(7);
  const World world;
  const auto text = [&] {
    std::string lines;
    for (int count = std::uniform_int_distribution<int>(0, 60)(random); count > 0; --count)
      lines += std::string(1, static_cast<char>('a' + random() % 3)) + (random() % 40 == 0 ? "\r\n" : "\n");
    if (random() % 4 == 0) lines += "no newline";
    return lines;
  };
  for (int i = 0; i < 200; ++i) {
    const std::string name = "file" + std::to_string(i);
    world.host(name, text());
    world.write(name, text());
  }
  const auto wanted = merged(world);
  const Finished finished = in_workspace(world, {"git", "apply", "--whitespace=nowarn", "-"}, whole_patch(world));
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(world.contents() == wanted);
}

TEST_CASE("what is no text is told as that, and its bytes are in no patch") {
  const World world;
  world.write("binary", std::string("\0\1\2", 3));
  const auto layers = world.layers();
  const auto changes = clawbox::review::survey(layers, is_risky).all;
  REQUIRE(changes.size() == 1);
  const FilePatch patch = patch_of(changes[0], layers);
  CHECK(patch.content == FilePatch::Content::kBinary);
  CHECK(patch.text.empty());
}
