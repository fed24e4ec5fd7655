// Lasting sessions: how they end, whoever ends them, and what is told of what ran in them.
#include <csignal>

#include "session_world.h"
#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

std::string end_in_trail(const World& world) {
  return Trail(world).all("session.end").at(0).at("detail").get<std::string>();
}

}  // namespace

TEST_CASE("a supervisor that hangs keeps nobody from killing its session and all others") {
  const World world;
  world.create();
  REQUIRE(world.call({"create", "--quiet", "--name", "other"}).status == 0);
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  const clawbox::OwnedFd hanging = watch(supervisor);
  ::kill(supervisor, SIGSTOP);
  CHECK(world.call({"stats", "work"}).status == 0);
  CHECK(world.call({"kill", "--all"}).out == "work\nother\n");
  CHECK(gone_within(hanging, std::chrono::seconds(1)));
  CHECK(world.inspect().at("state") == "failed");
}

TEST_CASE("it is on record who ended a session") {
  const std::vector<std::string> words[] = {
      {"stop", "-g", "0", "work"}, {"kill", "work"}, {"rm", "--force", "work"}, {"prune", "--idle", "0"}};
  const char* details[] = {"ended by `clawbox stop`", "killed by `clawbox kill`", "killed by `clawbox rm --force`",
                           "killed by `clawbox prune`"};
  for (std::size_t i = 0; i < std::size(words); ++i) {
    const World world;
    world.create();
    CHECK(world.call(words[i]).out == "work\n");
    CHECK(end_in_trail(world) == details[i]);
  }
}

TEST_CASE("a stop waits for who obeys, and kills who does not") {
  const World world;
  world.create();
  Running deaf = world.start({"sh", "-c", "trap '' TERM; echo here; while :; do sleep 0.02; done"});
  deaf.read_until("here");
  CHECK(world.call({"stop", "--grace", "100ms", "work"}).status == 0);
  CHECK(deaf.wait().status == 137);
}

TEST_CASE("a supervisor that is asked to end by a signal ends its session in order") {
  const World world;
  world.create();
  const pid_t supervisor = world.inspect().at("supervisor").get<pid_t>();
  const clawbox::OwnedFd process = watch(supervisor);
  ::kill(supervisor, SIGTERM);
  CHECK(gone_within(process, kDeadline));
  CHECK(world.inspect().at("state") == "ended");
  CHECK(end_in_trail(world) == "its supervisor was asked to end by a signal");
}

TEST_CASE("times that are none are refused before anything is looked at") {
  const World world;
  CHECK(world.call({"prune", "--idle", "garbage"}).status == 64);
  CHECK(world.call({"prune", "--age", "garbage"}).status == 64);
  world.create();
  CHECK(world.exec({"true"}, {"--timeout", "0s"}).status == 64);
  CHECK(world.exec({"true"}, {"--timeout", "1m"}).status == 0);
}

TEST_CASE("what is old is pruned, and what is younger stays") {
  const World world;
  world.create();
  CHECK(world.call({"prune", "--age", "7d"}).out.empty());
  CHECK(world.call({"prune", "--age", "0"}).out == "work\n");
  CHECK(world.call({"inspect", "work"}).status == 72);
}

TEST_CASE("a secret that is there for once stays until there is a command to take it") {
  const World world;
  world.create();
  const std::string file = write_file(world.home() + "/secret", "SECRET=x\n", 0600);
  CHECK(world.call({"exec", "--env-file", file, "--env-file-once", "typo", "--", "true"}).status == 72);
  CHECK(world.exec({"true"}, {"--env-file", file, "--env-file-once", "--timeout", "soon"}).status == 64);
  CHECK(std::filesystem::exists(file));
  CHECK(world.exec({"sh", "-c", "echo $SECRET"}, {"--env-file", file, "--env-file-once"}).out == "x\n");
  CHECK_FALSE(std::filesystem::exists(file));
  std::filesystem::create_symlink("elsewhere", file);
  CHECK(world.exec({"true"}, {"--env-file", file}).err.find("it is a symbolic link") != std::string::npos);
}

TEST_CASE("a command with a large argument can be looked at like any other") {
  const World world;
  world.create();
  const std::string large(100'000, 'x');
  REQUIRE(world.exec({"sh", "-c", "until [ -e go ]; do sleep 0.02; done; echo end", large}, {"--detach"}).out == "1\n");
  const Json commands = world.inspect().at("commands");
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].at("argv").dump().size() < 4000);
  CHECK(world.call({"stats", "--json", "work"}).out.find("\"running\"") != std::string::npos);
  CHECK_FALSE(world.create().empty());
  Running follower(world.clawbox({"logs", "-f", "work"}));
  write_file(world.workspace() + "/go", "");
  CHECK(follower.wait().out == "end\n");
}

TEST_CASE("however many commands run, the session can be asked, and tells how the last ones ended") {
  const World world;
  world.create();
  const std::string some(1500, 'x');
  for (int i = 0; i < 40; ++i) world.exec({"sleep", "1000"}, {"--detach", "-l", "some=" + some.substr(0, 200)});
  CHECK(world.inspect().at("commands").size() == 40);
  CHECK(world.exec({"sh", "-c", "exit 7"}).status == 7);
  CHECK(world.exec({"/nowhere"}).status == 127);
  const Json ended = world.inspect().at("ended_commands");
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].at("command") == 41);
  CHECK(ended[0].at("exit_status") == 7);
  CHECK(ended[0].at("ended_by") == "exit");
  CHECK(ended[1].at("exit_status") == 127);
  CHECK(ended[1].at("ended_by") == "failed");
  CHECK(world.call({"logs", "--exec", "41", "work"}).err.find("was not detached") != std::string::npos);
  CHECK(world.call({"logs", "--exec", "99", "work"}).err.find("has run no command 99") != std::string::npos);
}

TEST_CASE("what sessions use is told of those that live") {
  const World world;
  const std::string id = world.create();
  const Json usage = Json::parse(world.call({"stats", "--json"}).out);
  CHECK(usage.at("id") == id);
  CHECK(usage.at("usage").at("processes").get<int>() >= 1);
  CHECK(world.call({"stats", "work"}).out.find("RESIDENT") != std::string::npos);
  world.call({"stop", "work"});
  CHECK(world.call({"stats"}).status == 0);
  CHECK(world.call({"stats", "work"}).status == 75);
}

TEST_CASE("a command can be executed in the session of a run, and not detached there") {
  const World world;
  Running run(world.inside("coding", {"sh", "-c", "echo here; sleep 1000"}));
  run.read_until("here");
  const std::string id = Json::parse(world.call({"ls", "--json"}).out).at(0).at("id").get<std::string>();
  CHECK(world.call({"exec", id, "--", "sh", "-c", "exit 5"}).status == 5);
  CHECK(world.call({"exec", "--detach", id, "--", "true"}).status == 75);
  run.send(SIGTERM);
  CHECK(run.wait().status == 143);
}

TEST_CASE("a detached command is told for machines too") {
  const World world;
  const std::string id = world.create();
  const Json started = Json::parse(world.exec({"true"}, {"--detach", "--json"}).out);
  CHECK(started == Json{{"session", id}, {"command", 1}});
  CHECK(world.exec({"true"}, {"--json"}).status == 64);
}
