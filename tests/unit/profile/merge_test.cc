#include <algorithm>

#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

using Paths = std::vector<std::string>;

TEST_CASE("of a scalar the nearest file's value wins and keeps its origin") {
  const Shelves shelves;
  shelves.user("parent", "limits.memory = '1GiB'\nlimits.swap = '0'\n");
  shelves.user("child", "extends = 'parent'\nlimits.memory = '2GiB'\n");
  const Profile profile = *shelves.read("child").profile;
  CHECK(profile.limits.memory->value == 2ULL << 30);
  CHECK(profile.limits.memory->origin.file.ends_with("child.toml"));
  CHECK(profile.limits.swap->origin.file.ends_with("parent.toml"));
}

TEST_CASE("a list replaces what was inherited") {
  const Shelves shelves;
  shelves.user("parent", "files.read = ['/a', '/b']\n");
  shelves.user("child", "extends = 'parent'\nfiles.read = ['/c']\n");
  CHECK(paths_of(shelves.read("child").profile->files.read) == Paths{"/c"});
}

TEST_CASE("a list is edited by what is added and removed") {
  const Shelves shelves;
  shelves.user("parent", "files.read = ['/a?', '/b']\n");
  shelves.user("child", "extends = 'parent'\nfiles.read_add = ['/c']\nfiles.read_remove = ['/a']\n");
  CHECK(paths_of(shelves.read("child").profile->files.read) == Paths{"/b", "/c"});
}

TEST_CASE("what is added twice is there once, as the nearest wrote it") {
  const Shelves shelves;
  shelves.user("parent", "files.read = ['/a', '/b']\n");
  shelves.user("child", "extends = 'parent'\nfiles.read_add = ['/a?']\n");
  const Profile profile = *shelves.read("child").profile;
  CHECK(paths_of(profile.files.read) == Paths{"/a", "/b"});
  CHECK(profile.files.read[0].optional);
}

TEST_CASE("a call's bare name removes all rules of that call") {
  const Shelves shelves;
  shelves.user("parent",
               "syscalls.allow = ['read', { call = 'prctl', arg = 0, equals = 1 },\n"
               "                  { call = 'prctl', arg = 0, equals = 2 }]\n");
  shelves.user("child", "extends = 'parent'\nsyscalls.allow_remove = ['prctl']\n");
  CHECK(shelves.read("child").profile->syscalls.allow.size() == 1);
}

TEST_CASE("variables add up and can be taken away by name") {
  const Shelves shelves;
  shelves.user("parent", "environment.set = { A = '1', B = '1' }\n");
  shelves.user("child", "extends = 'parent'\n[environment]\nset = { B = '2', C = '2' }\nset_remove = ['A']\n");
  const auto set = shelves.read("child").profile->environment.set;
  CHECK(set.size() == 2);
  CHECK(set.at("B").value == "2");
  CHECK(set.count("A") == 0);
}

TEST_CASE("of two parents the later wins") {
  const Shelves shelves;
  shelves.user("first", "limits.memory = '1GiB'\n");
  shelves.user("second", "limits.memory = '2GiB'\n");
  shelves.user("child", "extends = ['first', 'second']\n");
  CHECK(shelves.read("child").profile->limits.memory->value == 2ULL << 30);
}

TEST_CASE("a grandparent that two parents share counts once, before both") {
  const Shelves shelves;
  shelves.user("root", "files.read = ['/root']\n");
  shelves.user("first", "extends = 'root'\nfiles.read_add = ['/first']\n");
  shelves.user("second", "extends = 'root'\nfiles.read_add = ['/second']\n");
  shelves.user("child", "extends = ['first', 'second']\n");
  CHECK(paths_of(shelves.read("child").profile->files.read) == Paths{"/root", "/first", "/second"});
}

TEST_CASE("the sources are named nearest first") {
  const Shelves shelves;
  shelves.user("mine", "extends = 'coding'\n");
  const Profile profile = *shelves.read("mine").profile;
  REQUIRE(profile.sources.size() == 3);
  CHECK(profile.sources[0].ends_with("mine.toml"));
  CHECK(profile.sources[1] == "built in:coding");
  CHECK(profile.sources[2] == "built in:base");
  CHECK(profile.name == "mine");
  CHECK(profile.origin.file == profile.sources[0]);
}

TEST_CASE("eight profiles may extend each other and nine may not") {
  const Shelves shelves;
  shelves.user("p1", "");
  for (int i = 2; i <= 9; ++i) shelves.user("p" + std::to_string(i), "extends = 'p" + std::to_string(i - 1) + "'\n");
  CHECK(shelves.read("p8").profile);
  CHECK(mistakes_of(shelves.read("p9")) ==
        "2:11: extends more than 8 profiles deep: p9 → p8 → p7 → p6 → p5 → p4 → p3 → p2 → p1");
}

TEST_CASE("a cycle is printed as a chain") {
  const Shelves shelves;
  shelves.user("a", "extends = 'b'\n");
  shelves.user("b", "extends = 'c'\n");
  shelves.user("c", "extends = 'a'\n");
  CHECK(mistakes_of(shelves.read("a")) == "2:11: extends itself: a → b → c → a");
}

TEST_CASE("a profile that extends its own name means the next one down the search path") {
  const Shelves shelves;
  shelves.user("coding", "extends = 'coding'\nlimits.memory = '1GiB'\n");
  shelves.administrator("coding", "extends = 'coding'\nlimits.swap = '1GiB'\n");
  const Profile profile = *shelves.read("coding").profile;
  CHECK(profile.limits.memory->value == 1ULL << 30);
  CHECK(profile.limits.swap->value == 1ULL << 30);
  CHECK(profile.sources.size() == 4);
}

TEST_CASE("a profile that extends its own name where there is no other is told so") {
  const Shelves shelves;
  shelves.user("alone", "extends = 'alone'\n");
  CHECK(mistakes_of(shelves.read("alone")) == "2:11: extends 'alone', and there is none farther down the search path");
}

TEST_CASE("a parent given by its path is looked for beside the child") {
  const Shelves shelves;
  shelves.package("parent", "limits.memory = '1GiB'\n");
  shelves.user("child", "extends = '../package/parent.toml'\n");
  CHECK(shelves.read("child").profile->limits.memory);
}

TEST_CASE("a parent that cannot be trusted refuses the child") {
  const Shelves shelves;
  ::chmod(shelves.user("parent", "").c_str(), 0666);
  shelves.user("child", "extends = 'parent'\n");
  CHECK(shelves.read("child").refused);
}

TEST_CASE("expectations are the nearest file's alone") {
  const Shelves shelves;
  shelves.user("mine", "extends = 'coding'\n[[test]]\npath = '/usr'\nexpect = 'read-only'\n");
  CHECK(shelves.read("mine").profile->tests.size() == 1);
}

TEST_CASE("offline has no network even where the administrator's coding has one") {
  const Shelves shelves;
  shelves.administrator("coding", "extends = 'coding'\nnetwork.mode = 'host'\n");
  CHECK(shelves.read("coding").profile->network.mode.value == NetworkMode::kHost);
  CHECK(shelves.read("offline").profile->network.mode.value == NetworkMode::kNone);
}

TEST_CASE("coding names no file that holds a credential") {
  const Profile coding = *read("coding", {}).profile;
  const Paths readable = paths_of(coding.files.read);
  for (const std::string secret : {"~", "~/.ssh", "~/.aws", "~/.gnupg", "~/.netrc", "~/.npmrc", "~/.pypirc", "~/.cargo",
                                   "~/.git-credentials", "~/.config", "~/.config/gh", "~/.config/git", "~/.local/share",
                                   "~/.cargo/credentials.toml", "~/.docker", "~/.kube"})
    CHECK(std::find(readable.begin(), readable.end(), secret) == readable.end());
}

}  // namespace
}  // namespace clawbox::profile
