// clawbox create --restart and --health: a session whose sandbox fails comes back, and one that is unwell is told of.
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <set>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

struct World : Environment {
  ~World() { call({"rm", "--all", "--force"}); }

  Finished call(std::vector<std::string> words) const { return run(clawbox(std::move(words))); }
  void create(std::vector<std::string> more) const {
    std::vector<std::string> words{"create", "--quiet", "--name", "work"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = call(words);
    INFO(finished.err);
    REQUIRE(finished.status == 0);
  }
  Finished exec(std::vector<std::string> words) const {
    words.insert(words.begin(), {"exec", "work", "--"});
    return call(std::move(words));
  }
  Json inspect() const { return Json::parse(call({"inspect", "work"}).out); }

  /// The first process of the sandbox dies, as by the kernel's hand.
  void kill_sandbox() const {
    const int supervisor = inspect().at("supervisor").get<int>();
    std::ifstream children("/proc/" + std::to_string(supervisor) + "/task/" + std::to_string(supervisor) + "/children");
    for (pid_t child = 0; children >> child;)
      if (read_file("/proc/" + std::to_string(child) + "/comm") == "clawbox-init\n") ::kill(child, SIGKILL);
  }
};

bool becomes_true(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 500; ++tries) {
    if (condition()) return true;
    ::usleep(20'000);
  }
  return false;
}

}  // namespace

TEST_CASE("a sandbox that was killed is built anew, with its workspace, under the same name and on the same trail") {
  const World world;
  world.create({"--restart", "on-failure"});
  CHECK(world.exec({"sh", "-c", "echo kept >file"}).status == 0);
  world.kill_sandbox();
  REQUIRE(becomes_true([&] { return world.inspect().value("restarts", 0) == 1; }));
  const Finished after = world.exec({"cat", "file"});
  INFO(after.err);
  CHECK(after.out == "kept\n");
  world.call({"stop", "work"});
  const Trail trail(world);
  CHECK(trail.has_no_gaps());
  CHECK(trail.all("session.restart").size() == 1);
  std::set<int> execs, commands;
  for (const Json& exec : trail.all("exec")) CHECK(execs.insert(exec.at("id").get<int>()).second);
  for (const Json& command : trail.all("command")) CHECK(commands.insert(command.at("command").get<int>()).second);
  CHECK(commands.size() == 2);
}

TEST_CASE("what an overlay session wrote is still there after its sandbox was built anew") {
  const World world;
  if (const auto lack = lacking(world, {"overlay", "fuse"})) return skip(*lack);
  write_file(world.workspace() + "/file", "host\n");
  world.create({"--overlay", "--disk", "64M", "--restart", "on-failure"});
  CHECK(world.exec({"sh", "-c", "echo inside >file"}).status == 0);
  world.kill_sandbox();
  REQUIRE(becomes_true([&] { return world.inspect().value("restarts", 0) == 1; }));
  CHECK(world.exec({"cat", "file"}).out == "inside\n");
  CHECK(read_file(world.workspace() + "/file") == "host\n");
}

TEST_CASE("a sandbox is built anew no more often than was asked for, and never after a stop") {
  const World world;
  world.create({"--restart", "on-failure:1"});
  world.kill_sandbox();
  REQUIRE(becomes_true([&] { return world.inspect().value("restarts", 0) == 1; }));
  world.kill_sandbox();
  REQUIRE(becomes_true([&] { return world.inspect().at("state") == "failed"; }));
  world.create({"--restart", "on-failure"});
  CHECK(world.call({"stop", "work"}).status == 0);
  CHECK(world.inspect().at("state") == "ended");
}

TEST_CASE("a session is told to be unhealthy after so many checks, and healthy again after one") {
  const World world;
  write_file(world.workspace() + "/well", "");
  world.create({"--health", "test -e well", "--health-interval", "50ms", "--health-failures", "2"});
  CHECK(becomes_true([&] { return world.inspect().value("health", "") == "healthy"; }));
  CHECK(::unlink((world.workspace() + "/well").c_str()) == 0);
  CHECK(becomes_true([&] { return world.inspect().value("health", "") == "unhealthy"; }));
  write_file(world.workspace() + "/well", "");
  CHECK(becomes_true([&] { return world.inspect().value("health", "") == "healthy"; }));
}

TEST_CASE("an unhealthy session whose owner asked for it is built anew") {
  const World world;
  write_file(world.workspace() + "/well", "");
  world.create({"--restart", "on-failure", "--health", "test -e well", "--health-interval", "50ms"});
  CHECK(becomes_true([&] { return world.inspect().value("health", "") == "healthy"; }));
  CHECK(::unlink((world.workspace() + "/well").c_str()) == 0);
  CHECK(becomes_true([&] { return world.inspect().value("restarts", 0) > 0; }));
}

TEST_CASE("a rule that is none is refused") {
  const World world;
  for (const char* rule : {"always", "on-failure:", "on-failure:x", "on-failure:-1", ""}) {
    const Finished finished = world.call({"create", "--restart", rule});
    INFO(rule << finished.err);
    CHECK(finished.status == 64);
  }
}

TEST_CASE("care that is another one is told, and not dropped") {
  const World world;
  world.create({"--restart", "on-failure:2"});
  CHECK(world.inspect().at("care").at("restart") == "on-failure:2");
  CHECK(world.call({"create", "--quiet", "--name", "work", "--restart", "on-failure:2"}).status == 0);
  const Finished other = world.call({"create", "--quiet", "--name", "work", "--restart", "on-failure:3"});
  CHECK(other.status == 75);
  CHECK(other.err.find("restart: \"on-failure:2\" in the session, \"on-failure:3\" now") != std::string::npos);
  CHECK(world.call({"create", "--quiet", "--name", "work"}).status == 75);
}
