#include <algorithm>

#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

TEST_CASE("a user's profile wins over the administrator's, the package's and the built-in one") {
  const Shelves shelves;
  CHECK(shelves.read("coding").profile->sources.front() == "built in:coding");
  shelves.package("coding", "description = 'package'\n");
  CHECK(shelves.read("coding").profile->description == "package");
  shelves.administrator("coding", "description = 'administrator'\n");
  CHECK(shelves.read("coding").profile->description == "administrator");
  shelves.user("coding", "description = 'user'\n");
  CHECK(shelves.read("coding").profile->description == "user");
}

TEST_CASE("a nearer profile that cannot be trusted never lets a farther one step in") {
  const Shelves shelves;
  CHECK(shelves.read("coding").profile);
  ::chmod(shelves.user("coding", "").c_str(), 0666);
  const Reading reading = shelves.read("coding");
  CHECK_FALSE(reading.profile);
  CHECK(reading.refused);
}

TEST_CASE("a copy of a built-in that cannot be trusted gives way to the built-in, another profile to nothing") {
  const Shelves shelves;
  for (const char* name : {"coding", "others"}) ::chmod(shelves.package(name, "").c_str(), 0666);
  CHECK(shelves.read("coding").profile->sources.front() == "built in:coding");
  CHECK(shelves.read("others").refused);
}

TEST_CASE("an unknown name is missing, and the known ones are told") {
  const Shelves shelves;
  shelves.user("mine", "");
  const Reading reading = shelves.read("codign");
  CHECK_FALSE(reading.profile);
  CHECK(reading.mistakes.empty());
  CHECK(std::count(reading.known_names.begin(), reading.known_names.end(), "mine") == 1);
  CHECK(std::count(reading.known_names.begin(), reading.known_names.end(), "coding") == 1);
}

TEST_CASE("odd names are missing and open nothing") {
  const Shelves shelves;
  for (const std::string name : {"", ".", "..", "-x", "a b", "\x1b[2J"}) CHECK(shelves.read(name).mistakes.empty());
}

TEST_CASE("the list tells which profiles a nearer one shadows") {
  const Shelves shelves;
  shelves.user("coding", "description = 'mine'\n");
  std::vector<std::string> seen;
  for (const Listed& entry : list(shelves.path()))
    if (entry.name == "coding") seen.push_back(entry.description + (entry.shadowed ? " (shadowed)" : ""));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == "mine");
  CHECK(seen[1].ends_with("(shadowed)"));
}

TEST_CASE("the list leaves out what is no profile") {
  const Shelves shelves;
  shelves.administrator("lock", "");
  test::write_file(shelves.path().user + "/notes.txt", "no profile");
  for (const Listed& entry : list(shelves.path())) CHECK(entry.file.starts_with("built in:"));
}

TEST_CASE("a user's profile may not set a key that the administrator's profile of the same name locks") {
  const Shelves shelves;
  const std::string locker = shelves.administrator("coding", "extends = 'coding'\n[lock]\nkeys = ['network.mode']\n");
  shelves.user("coding", "extends = 'coding'\nlimits.memory = '1GiB'\n");
  CHECK(shelves.read("coding").profile);  // another key is the user's to set
  shelves.user("coding", "extends = 'coding'\nnetwork.mode = 'host'\n");
  const Reading reading = shelves.read("coding");
  CHECK(reading.refused);
  CHECK(mistakes_of(reading) == "3:9: 'network.mode' is locked by " + locker + ":4");
}

TEST_CASE("a lock binds a profile of the same name that does not extend the locking one") {
  const Shelves shelves;
  shelves.administrator("coding", "limits.memory = '1GiB'\n[lock]\nkeys = ['limits.memory', 'network.mode']\n");
  shelves.user("coding", "network.mode = 'host'\n");
  CHECK(shelves.read("coding").refused);
  shelves.user("coding", "description = 'without the cap'\n");
  CHECK(shelves.read("coding").profile->limits.memory->value == 1ULL << 30);
}

TEST_CASE("a lock binds those who extend the locking profile") {
  const Shelves shelves;
  shelves.administrator("company", "network.mode = 'none'\n[lock]\nkeys = ['network.mode']\n");
  shelves.user("mine", "extends = 'company'\nnetwork.mode = 'host'\n");
  CHECK(shelves.read("mine").refused);
}

TEST_CASE("lock.toml binds every profile, also one given by its path") {
  const Shelves shelves;
  const std::string elsewhere =
      test::write_file(shelves.directory() / "x.toml", "version = 1\nfiles.read_add = ['/srv']\n");
  CHECK(shelves.read(elsewhere).profile);
  shelves.administrator("lock", "lock.keys = ['files.read']\n");
  CHECK(shelves.read(elsewhere).refused);
}

TEST_CASE("what lock.toml sets holds for profiles that say nothing about it") {
  const Shelves shelves;
  shelves.administrator("lock", "limits.memory = '2GiB'\nlock.keys = ['limits.memory']\n");
  shelves.user("mine", "");
  CHECK(shelves.read("mine").profile->limits.memory->value == 2ULL << 30);
  CHECK(shelves.read("coding").profile->limits.memory->value == 2ULL << 30);
}

TEST_CASE("lock.toml may not set what it does not lock") {
  const Shelves shelves;
  shelves.administrator("lock", "limits.memory = '2GiB'\n");
  CHECK(mistakes_of(shelves.read("coding")) == "2:8: lock.toml sets 'limits.memory' and does not lock it");
}

TEST_CASE("a damaged lock.toml refuses every profile") {
  const Shelves shelves;
  CHECK(shelves.read("coding").profile);
  shelves.administrator("lock", "lock.keys = [\n");
  CHECK_FALSE(shelves.read("coding").profile);
}

TEST_CASE("the administrator's own profiles are not bound by the lock") {
  const Shelves shelves;
  shelves.administrator("lock", "lock.keys = ['network.mode']\n");
  shelves.administrator("online", "network.mode = 'host'\n");
  CHECK(shelves.read("online").profile->network.mode.value == NetworkMode::kHost);
}

TEST_CASE("a user cannot lock keys") {
  const Shelves shelves;
  shelves.user("mine", "lock.keys = ['network.mode']\n");
  CHECK(shelves.read("mine").refused);
}

}  // namespace
}  // namespace clawbox::profile
