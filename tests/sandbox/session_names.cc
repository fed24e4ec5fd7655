// Lasting sessions: which one is meant, by name, id, label, or the same wish said again.
#include "session_world.h"
#include "support/catch.h"

using namespace clawbox::test;
using clawbox::Json;

TEST_CASE("created again from other surroundings it is the same session") {
  World world;
  world.set("LANG", "C.UTF-8");
  const std::string id = world.create();
  world.set("TERM", "vt100");
  world.set("LANG", "C");
  CHECK(world.create() == id);
  CHECK(world.create({"--workspace", world.workspace()}) == id);
  write_file(world.workspace() + "/.mcp.json", "{}");
  CHECK(world.create() == id);
  CHECK(world.call({"create", "--quiet", "--name", "work", "--env", "LANG=C"}).status == 75);
  CHECK(world.call({"create", "--quiet", "--name", "work", "--memory", "1G"}).status == 75);
}

TEST_CASE("other labels are another wish, and the difference is told") {
  const World world;
  const std::string id = world.create({"-l", "agent=x", "-l", "run=1"});
  CHECK(world.create({"-l", "run=1", "-l", "agent=x"}) == id);
  const Finished other = world.call({"create", "--quiet", "--name", "work", "-l", "agent=y"});
  CHECK(other.status == 75);
  CHECK(other.err.find("label.agent: \"x\" in the session, \"y\" now") != std::string::npos);
  CHECK(other.err.find("label.run: \"1\" in the session, null now") != std::string::npos);
}

TEST_CASE("an id is not used again, and what is kept of its session stays") {
  const World world;
  REQUIRE(world.call({"create", "--quiet", "--id", "mine"}).out == "mine\n");
  CHECK(world.call({"create", "--quiet", "--id", "mine"}).out == "mine\n");
  REQUIRE(world.call({"exec", "--detach", "mine", "--", "echo", "kept"}).out == "1\n");
  CHECK(world.call({"logs", "-f", "mine"}).out == "kept\n");
  world.call({"kill", "mine"});
  const Finished again = world.call({"create", "--quiet", "--id", "mine"});
  CHECK(again.status == 75);
  CHECK(again.err.find("was used before") != std::string::npos);
  CHECK(world.call({"logs", "mine"}).out == "kept\n");
  CHECK(Json::parse(world.call({"inspect", "--json", "mine"}).out).at("state") == "ended");
}

TEST_CASE("a name is not taken for an id, nor an id for a name") {
  const World world;
  world.create();
  const Finished as_id = world.call({"create", "--quiet", "--id", "work"});
  CHECK(as_id.status == 75);
  CHECK(as_id.err.find("there is a session work already") != std::string::npos);
  REQUIRE(world.call({"create", "--quiet", "--id", "mine"}).status == 0);
  CHECK(world.call({"create", "--quiet", "--name", "mine"}).status == 75);
}

TEST_CASE("words that mean something else are no names") {
  const World world;
  CHECK(world.call({"create", "--quiet", "--name", "latest"}).status == 64);
  CHECK(world.call({"create", "--quiet", "--id", "index"}).status == 64);
  CHECK(world.call({"create", "--quiet", "--id", "a.b"}).status == 64);
  CHECK(world.call({"ls", "--all", "--quiet"}).out.empty());
}

TEST_CASE("a slip of the keyboard is answered with what was meant") {
  const World world;
  world.create();
  const auto err = [&](std::vector<std::string> words) { return world.call(std::move(words)).err; };
  CHECK(err({"exec", "wrok", "--", "true"}).find("did you mean 'work'?") != std::string::npos);
  CHECK(err({"exce", "work"}).find("did you mean 'exec'?") != std::string::npos);
  CHECK(err({"delete", "work"}).find("did you mean 'rm'?") != std::string::npos);
  CHECK(err({"help"}).find("--help") != std::string::npos);
  CHECK(err({"exec", "work", "--workdir", "sub", "--", "true"}).find("options stand before SESSION") !=
        std::string::npos);
  CHECK(err({"exec", "work", "-t", "bash"}).find("options stand before SESSION") != std::string::npos);
  CHECK(err({"logs", "--exec", "-1", "work"}).find("not the number of a command") != std::string::npos);
}

TEST_CASE("one name that is none keeps the others from nothing, and a name said twice is one") {
  const World world;
  world.create();
  REQUIRE(world.call({"create", "--quiet", "--name", "other"}).status == 0);
  const Finished frozen = world.call({"freeze", "work", "typo", "other", "other"});
  CHECK(frozen.status == 72);
  CHECK(frozen.out == "work\nother\n");
  CHECK(frozen.err.find("'typo'") != std::string::npos);
  const Finished killed = world.call({"kill", "work", "work", "typo", "other"});
  CHECK(killed.status == 72);
  CHECK(killed.out == "work\nother\n");
  CHECK(world.call({"ls", "--quiet"}).out.empty());
}

TEST_CASE("labels choose whom every verb is about") {
  const World world;
  world.create({"-l", "team=a"});
  REQUIRE(world.call({"create", "--quiet", "--name", "other", "-l", "team=b"}).status == 0);
  for (const char* verb : {"freeze", "thaw", "stop"}) CHECK(world.call({verb, "--label", "team=a"}).out == "work\n");
  CHECK(world.call({"kill", "--label", "team=a"}).out.empty());
  CHECK(world.call({"prune", "--dry-run", "--label", "team=b"}).out.empty());
  CHECK(world.call({"rm", "--label", "team=a"}).out == "work\n");
  CHECK(world.call({"kill", "--label", "team=b"}).out == "other\n");
}

TEST_CASE("a trail is found by the session's name too") {
  const World world;
  const std::string id = world.create();
  world.shell("echo new");
  CHECK(world.call({"log", "work", "--event", "command"}).out.find("echo new") != std::string::npos);
  CHECK(world.call({"log", "verify", "work"}).status == 0);
  CHECK(world.call({"report", "work", "--html", "-"}).out.find(id) != std::string::npos);
  for (const char* verb : {"log", "diff", "apply", "discard"}) CHECK(world.call({verb, "f00"}).status == 72);
}
