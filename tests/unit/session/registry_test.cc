#include "session/registry.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/error.h"
#include "session/directories.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace clawbox;

namespace {

session::Facts facts_named(const std::string& name = "") { return session::facts_of(Plan{}, {"", name, {}}); }

int files_in(const std::string& directory) {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

}  // namespace

TEST_CASE("a session is registered while it lives, and not longer") {
  const test::TempDir dir;
  {
    const session::Registration entry = session::Registry(dir / "").enter(facts_named("work"));
    CHECK(std::filesystem::exists(dir / "sessions/" + entry.id() + ".json"));
    CHECK(std::filesystem::exists(dir / "sessions/" + entry.id() + ".sock"));
    CHECK(test::read_file(dir / "names/work") == entry.id() + "\n");
  }
  CHECK(files_in(dir / "sessions") == 0);
  CHECK(files_in(dir / "names") == 0);
}

TEST_CASE("what a killed session left is swept by the next, and a living one is not") {
  const test::TempDir dir;
  const session::Registry registry(dir / "");
  const session::Registration living = registry.enter(facts_named());
  test::write_file(dir / "sessions/dead.json", "{}");
  test::write_file(dir / "sessions/dead.sock", "");
  test::write_file(dir / "names/dead", "dead\n");
  const session::Registration next = registry.enter(facts_named());
  CHECK_FALSE(std::filesystem::exists(dir / "sessions/dead.json"));
  CHECK(files_in(dir / "sessions") == 4);
  CHECK(files_in(dir / "names") == 0);
  CHECK(registry.living().size() == 2);
}

TEST_CASE("a name belongs to one that lives, and to the next when it is dead") {
  const test::TempDir dir;
  const session::Registry registry(dir / "");
  {
    const session::Registration first = registry.enter(facts_named("work"));
    CHECK_THROWS_AS(registry.enter(facts_named("work")), session::NameTaken);
    CHECK(files_in(dir / "sessions") == 2);
  }
  test::write_file(dir / "names/work", "of a killed one\n");
  CHECK_NOTHROW(registry.enter(facts_named("work")));
}

TEST_CASE("a living session is found by its id and by its name, and by nothing else") {
  const test::TempDir dir;
  const session::Registry registry(dir / "");
  session::Facts facts = facts_named("agent");
  const session::Registration living = registry.enter(facts);
  CHECK(registry.living(living.id()).value().name == "agent");
  CHECK(registry.living("agent").value().id == living.id());
  for (const char* none : {"", "agen", "../names/agent", "agent.json", "latest"}) CHECK_FALSE(registry.living(none));
  test::write_file(dir / "names/dead", living.id() + "\n");
  CHECK_FALSE(registry.living("dead"));  // nobody holds that name
}

TEST_CASE("looking at a dead session's file does not make it look alive to others") {
  const test::TempDir dir;
  const session::Registry registry(dir / "");
  registry.enter(facts_named());
  test::write_file(dir / "sessions/dead.json", session::as_json(facts_named()).dump());
  const OwnedFd looker(::open((dir / "sessions/dead.json").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(looker.get(), LOCK_SH | LOCK_NB) == 0);
  CHECK(registry.living().empty());
  REQUIRE(::flock(looker.get(), LOCK_EX | LOCK_NB) == 0);
  CHECK(registry.living().size() == 1);
}

TEST_CASE("a session whose facts cannot be read hides no other, and none can be made") {
  const test::TempDir dir;
  const session::Registry registry(dir / "");
  const session::Registration living = registry.enter(facts_named());
  test::write_file(dir / "sessions/large.json", std::string(300'000, 'x'));
  const OwnedFd large(::open((dir / "sessions/large.json").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(large.get(), LOCK_EX | LOCK_NB) == 0);
  CHECK(registry.living().size() == 1);
  session::Facts facts = facts_named();
  facts.labels["key"] = std::string(300'000, 'x');
  CHECK_THROWS_AS(registry.enter(facts), Error);
  CHECK(files_in(dir / "sessions") == 3);
}

TEST_CASE("a name that a path or a terminal could take for something else is none") {
  for (const char* good : {"a", "agent-7", "A_b.c", "0"}) CHECK_NOTHROW(session::check_name(good));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".a"), std::string("-a"), std::string("a/b"), std::string("a b"),
        std::string("a\n"), std::string(65, 'a'), std::string("\xc3\xa4"), std::string("latest")})
    CHECK_THROWS_AS(session::check_name(bad), Error);
}

TEST_CASE("an id can be part of a file's name, and is not the name of another file") {
  for (const char* good : {"a", "agent-7", "0"}) CHECK_NOTHROW(session::check_id(good));
  for (const char* bad : {"a.b", "index", "latest", "-a"}) CHECK_THROWS_AS(session::check_id(bad), Error);
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
