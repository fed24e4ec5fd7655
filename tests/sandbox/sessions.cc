// Lasting sessions: create, exec, and what a person does with them.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "session_world.h"
#include "support/catch.h"
#include "support/terminal.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

TEST_CASE("a session that was created runs commands, one after the other, and ends when it is stopped") {
  const World world;
  const std::string id = world.create();
  CHECK(world.exec({"echo", "one"}).out == "one\n");
  CHECK(world.shell("echo two >file; cat file") == "two\n");
  CHECK(read_file(world.workspace() + "/file") == "two\n");
  CHECK(world.call({"ls", "--quiet"}).out == id + "\n");
  CHECK(world.call({"stop", "work"}).out == "work\n");
  CHECK(world.call({"ls", "--quiet"}).out.empty());
  CHECK(world.call({"ls", "--quiet", "--all"}).out == id + "\n");
  CHECK(files_in(world.runtime() + "/clawbox/sessions") == 0);
  CHECK(files_in(world.runtime() + "/clawbox/names") == 0);
}

TEST_CASE("a command keeps its exit status, and clawbox's own are told apart") {
  const World world;
  world.create();
  CHECK(world.exec({"true"}).status == 0);
  CHECK(world.exec({"sh", "-c", "exit 7"}).status == 7);
  CHECK(world.exec({"sh", "-c", "kill -9 $$"}).status == 137);
  CHECK(world.exec({"/nowhere"}).status == 127);
  CHECK(world.exec({"/etc/passwd"}).status == 126);
  CHECK(world.exec({"true"}, {"--workdir", "/nowhere"}).status == 125);
  CHECK(world.exec({"true"}).status == 0);
}

TEST_CASE("every command has the confinement of the session, and of a run with the same profile") {
  const World world;
  world.create();
  const std::string probe =
      "grep -E '^(NoNewPrivs|Seccomp|Cap...):' /proc/self/status; for n in mnt net ipc uts pid user cgroup; do "
      "readlink "
      "/proc/self/ns/$n; done";
  const std::string first = world.shell(probe);
  CHECK(first == world.shell(probe));
  CHECK(first.find("Seccomp:\t2") != std::string::npos);
  CHECK(first.find("CapEff:\t0000000000000000") != std::string::npos);
  const std::string in_run = run(world.inside("coding", {"sh", "-c", probe})).out;
  CHECK(first.substr(0, first.find("mnt:")) == in_run.substr(0, in_run.find("mnt:")));
  CHECK(world.shell("cat /proc/1/comm") == "clawbox-init\n");
}

TEST_CASE("standard input is passed on where that is asked for, and empty elsewhere") {
  const World world;
  world.create();
  CHECK(world.exec({"cat"}, {"-i"}, "some words").out == "some words");
  CHECK(world.exec({"cat"}, {}, "some words").out.empty());
  CHECK(world.exec({"sh", "-c", "echo out; echo err >&2"}).err == "err\n");
}

TEST_CASE("a command has a terminal where that is asked for, also without one outside") {
  const World world;
  world.create();
  CHECK(world.shell("test -t 1 && echo terminal || echo none") == "none\n");
  CHECK(world.exec({"sh", "-c", "test -t 0 && test -t 1 && stty size"}, {"-t"}).out == "24 80\r\n");
  CHECK(world.exec({"sh", "-c", "read word; echo got $word"}, {"-it"}, "this\n").out.find("got this") !=
        std::string::npos);
}

TEST_CASE("several commands run at once, and each has its own output and status") {
  const World world;
  world.create();
  std::vector<Running> running;
  for (int i = 0; i < 8; ++i)
    running.push_back(
        world.start({"sh", "-c", "until [ -e go ]; do sleep 0.02; done; echo $0; exit $0", std::to_string(i)}));
  REQUIRE(becomes_true([&] { return world.inspect().at("commands").size() == 8; }));
  write_file(world.workspace() + "/go", "");
  for (std::size_t i = 0; i < running.size(); ++i) {
    const Finished finished = running[i].wait();
    CHECK(finished.out == std::to_string(i) + "\n");
    CHECK(finished.status == static_cast<int>(i));
  }
}

TEST_CASE("the end of a client is the end of its command and of nothing else") {
  const World world;
  world.create();
  Running other = world.start({"sh", "-c", "echo here; sleep 1000"});
  other.read_until("here");
  {
    Running client = world.start({"sh", "-c", "sleep 2000 & sleep 3000 & echo here; wait"});
    client.read_until("here");
    client.send(SIGKILL);
  }
  CHECK(becomes_true([&] { return world.shell("ps -eo args | grep -c '^sleep [23]000'") == "0\n"; }));
  CHECK(world.inspect().at("commands").size() == 1);
  other.send(SIGKILL);
}

TEST_CASE("a signal to a client reaches its command alone") {
  const World world;
  world.create();
  Running first = world.start({"sh", "-c", "trap 'echo caught; exit 3' INT; echo here; while :; do sleep 0.02; done"});
  Running second = world.start({"sh", "-c", "trap 'echo caught' INT; echo here; until [ -e go ]; do sleep 0.02; done"});
  first.read_until("here");
  second.read_until("here");
  first.send(SIGINT);
  CHECK(first.wait().status == 3);
  write_file(world.workspace() + "/go", "");
  const Finished finished = second.wait();
  CHECK(finished.status == 0);
  CHECK(finished.out.find("caught") == std::string::npos);
}

TEST_CASE("a detached command goes on alone, and its log has what it and its daemons print") {
  const World world;
  world.create();
  const Finished detached = world.exec(
      {"sh", "-c", "echo first; (until [ -e go ]; do sleep 0.02; done; echo late; sleep 1000) & exit 4"}, {"--detach"});
  CHECK(detached.out == "1\n");
  CHECK(becomes_true([&] { return world.call({"logs", "work"}).out == "first\n"; }));
  write_file(world.workspace() + "/go", "");
  CHECK(becomes_true([&] { return world.call({"logs", "--exec", "1", "work"}).out == "first\nlate\n"; }));
  CHECK(world.call({"logs", "--exec", "7", "work"}).status == 1);
}

TEST_CASE("the log of a detached command keeps the last of it") {
  const World world;
  world.create();
  world.exec({"sh", "-c", "head -c 20M /dev/zero; echo the end"}, {"--detach"});
  const Finished followed = run(world.clawbox({"logs", "--follow", "work"}));
  CHECK(followed.out.ends_with("the end\n"));
  const std::string logs = world.state() + "/clawbox/sessions/" + world.inspect().at("id").get<std::string>() + "/logs";
  uint64_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(logs)) kept += entry.file_size();
  CHECK(kept <= (16 << 20));
  CHECK(kept > (7 << 20));
}

TEST_CASE("a terminal obeys nothing of what a detached command printed") {
  const World world;
  world.create();
  world.exec({"printf", "a\\033]0;title\\007\\nb"}, {"--detach"});
  REQUIRE(becomes_true([&] { return world.call({"logs", "work"}).out == "a\x1b]0;title\x07\nb"; }));
  Terminal terminal(world.clawbox({"logs", "work"}));
  CHECK(terminal.read_until("\nb").find("a\\x1b]0;title\\x07\r\n") != std::string::npos);
}

TEST_CASE("a command ends at its time limit, with all that it started") {
  const World world;
  world.create();
  const Finished late = world.exec({"sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000"}, {"--timeout", "200ms"});
  CHECK(late.status == 124);
  CHECK(late.err.find("ended by --timeout 200ms") != std::string::npos);
  CHECK(world.shell("ps -eo args | grep -c '^sleep'") == "0\n");
}

TEST_CASE("the profile's time is the time of each command, and a longer one cannot be asked for") {
  const World world;
  world.create({"--time", "300ms"});
  for (int i = 0; i < 2; ++i) {
    const Finished late = world.exec({"sleep", "1000"}, {"--timeout", "1h"});
    CHECK(late.status == 124);
    CHECK(late.err.find("ended by the cap time = 300ms (command line)") != std::string::npos);
  }
  CHECK(world.exec({"true"}).status == 0);
}

TEST_CASE("the same name and plan is the same session, and another plan is an error that shows the difference") {
  const World world;
  const std::string id = world.create();
  CHECK(world.create() == id);
  const Finished other = world.call({"create", "--quiet", "--name", "work", "--time", "5m"});
  CHECK(other.status == 75);
  CHECK(other.err.find("limits.time") != std::string::npos);
  CHECK(world.inspect().at("plan_hash").get<std::string>().size() == 64);
}

TEST_CASE("of creators of one name at once exactly one makes the session, and all are told its id") {
  const World world;
  std::vector<Running> creators;
  for (int i = 0; i < 6; ++i) creators.emplace_back(world.clawbox({"create", "--quiet", "--json", "--name", "work"}));
  std::set<std::string> ids;
  int made = 0;
  for (Running& creator : creators) {
    const Finished finished = creator.wait();
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    const Json answer = Json::parse(finished.out);
    ids.insert(answer.at("id").get<std::string>());
    made += answer.at("created").get<bool>() ? 1 : 0;
  }
  CHECK(ids.size() == 1);
  CHECK(made == 1);
  CHECK(world.call({"ls", "--quiet", "--all"}).out == *ids.begin() + "\n");
}

TEST_CASE("a name that is none is refused") {
  const World world;
  for (const std::string& name : {std::string("a/b"), std::string(".."), std::string("-x"), std::string("a b"),
                                  std::string("a\nb"), std::string(10'000, 'a'), std::string("\x1b[31m")}) {
    const Finished finished = world.call({"create", "--quiet", "--name=" + name});
    INFO(name);
    CHECK(finished.status == 64);
    CHECK(finished.err.find('\x1b') == std::string::npos);
    CHECK(finished.err.size() < 600);
  }
  CHECK(world.call({"ls", "--quiet", "--all"}).out.empty());
}

TEST_CASE("a frozen session stands still and takes no command until it is thawed") {
  const World world;
  world.create();
  Running ticking = world.start({"sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >ticks; sleep 0.01; done"});
  REQUIRE(becomes_true([&] { return std::filesystem::exists(world.workspace() + "/ticks"); }));
  CHECK(world.call({"freeze", "work"}).status == 0);
  CHECK(world.inspect().at("state") == "frozen");
  const std::string ticks = read_file(world.workspace() + "/ticks");
  CHECK(world.exec({"true"}).status == 75);
  CHECK(read_file(world.workspace() + "/ticks") == ticks);
  CHECK(world.call({"thaw", "work"}).status == 0);
  CHECK(becomes_true([&] { return read_file(world.workspace() + "/ticks") != ticks; }));
  ticking.send(SIGKILL);
}

TEST_CASE("what is gone is told apart from what never was, and from what has ended") {
  const World world;
  const std::string id = world.create();
  CHECK(world.call({"rm", "work"}).status == 75);
  world.call({"kill", "work"});
  const Finished ended = world.exec({"true"});
  CHECK(ended.status == 75);
  CHECK(ended.err.find("has ended") != std::string::npos);
  CHECK(world.call({"rm", "work"}).status == 0);
  for (const std::string& word : {std::string("work"), id}) {
    const Finished gone = world.call({"inspect", word});
    CHECK(gone.status == 72);
    CHECK(gone.err.find("gone for ever") != std::string::npos);
  }
  const Finished unknown = world.call({"inspect", "other"});
  CHECK(unknown.status == 72);
  CHECK(unknown.err.find("there is no session") != std::string::npos);
  world.create();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"inspect", "worl"}, {"log", "worl"}, {"report", "worl", "--html", "-"}})
    CHECK(world.call(words).err.find("did you mean 'work'?") != std::string::npos);
}

TEST_CASE("a supervisor that is killed takes its sandbox with it, is shown as failed, and gives its name free") {
  const World world;
  const std::string id = world.create();
  Running inside = world.start({"sh", "-c", "echo here; sleep 1000"});
  inside.read_until("here");
  const Json before = world.inspect();
  const clawbox::OwnedFd command = watch(world.command_pid());
  ::kill(before.at("supervisor").get<pid_t>(), SIGKILL);
  CHECK(gone_within(command, std::chrono::seconds(1)));
  CHECK(inside.wait().status == 137);
  const Json failed = world.inspect();
  CHECK(failed.at("state") == "failed");
  CHECK(failed.at("reason").get<std::string>().find("supervisor was killed") != std::string::npos);
  const std::string next = world.create();
  CHECK(next != id);
  CHECK(world.exec({"true"}).status == 0);
  CHECK(files_in(world.runtime() + "/clawbox/sessions") == 2);
  CHECK(world.call({"log", id}).out.find("session begins") != std::string::npos);
}

TEST_CASE("a sandbox whose pid 1 is killed has failed, and its clients are told") {
  const World world;
  world.create();
  Running inside = world.start({"sh", "-c", "echo here; sleep 1000"});
  inside.read_until("here");
  const std::string parent = read_file("/proc/" + std::to_string(world.command_pid()) + "/status");
  const std::size_t at = parent.find("PPid:\t");
  ::kill(static_cast<pid_t>(std::stol(parent.substr(at + 6))), SIGKILL);
  CHECK(inside.wait().status == 137);
  CHECK(becomes_true([&] { return world.inspect().at("state") == "failed"; }));
}

TEST_CASE("variables of a command come from its words and from a file that nobody else can read") {
  const World world;
  world.create();
  const std::string file = world.home() + "/variables";
  write_file(file, "# a comment\nSECRET=a b=c\n\nOTHER=2\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::vector<std::string> print{"sh", "-c", "echo \"$SECRET|$OTHER|$MORE|$CLAWBOX\""};
  CHECK(world.exec(print, {"--env-file", file, "-e", "MORE=3"}).out == "a b=c|2|3|1\n");
  CHECK(std::filesystem::exists(file));
  CHECK(world.exec(print, {"--env-file", file, "--env-file-once"}).out == "a b=c|2||1\n");
  CHECK_FALSE(std::filesystem::exists(file));
  write_file(file, std::string("SECRET=swordfish\nlines\0OTHER=x\0", 31));
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  CHECK(world.exec(print, {"--env-file", file}).out == "swordfish\nlines|x||1\n");
  std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  const Finished open = world.exec(print, {"--env-file", file});
  CHECK(open.status == 64);
  CHECK(open.err.find("chmod 600") != std::string::npos);
  CHECK(Trail(world).text().find("swordfish") == std::string::npos);
}

TEST_CASE("commands are on record with their labels, and their execs lead to them") {
  const World world;
  world.create();
  world.exec({"sh", "-c", "/bin/true; exit 5"}, {"--label", "run=17", "-l", "step=a"});
  world.exec({"true"});
  const Trail trail(world);
  const std::vector<Json> commands = trail.all("command");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].at("labels") == Json{{"run", "17"}, {"step", "a"}});
  CHECK(trail.exec({"sh"}).at("command") == 1);
  CHECK_FALSE(trail.exec({"/bin/true"}).contains("command"));
  CHECK(trail.exec({"/bin/true"}).at("parent") == trail.exec({"sh"}).at("id"));
  CHECK(trail.exec({"true"}).at("command") == 2);
  REQUIRE(trail.all("command.end").size() == 2);
  CHECK(trail.all("command.end")[0].at("exit_status") == 5);
  CHECK(trail.has_no_gaps());
}

TEST_CASE("labels that would be too much for those who look are refused") {
  const World world;
  const std::string large = "key=" + std::string(100'000, 'x');
  CHECK(world.call({"create", "--quiet", "-l", large}).status == 64);
  CHECK(world.call({"create", "--quiet", "-l", "key=\xff"}).status == 64);
  std::vector<std::string> many{"create", "--quiet"};
  for (int i = 0; i < 33; ++i) many.insert(many.end(), {"--label", std::to_string(i) + "="});
  CHECK(world.call(many).status == 64);
  world.create({"-l", "key=" + std::string(252, 'x')});
  CHECK(world.exec({"true"}, {"-l", large}).status == 64);
  CHECK(world.call({"ls", "--quiet"}).status == 0);
}

TEST_CASE("labels choose sessions, and all can be killed at once, those of a run too") {
  const World world;
  world.create({"--label", "team=a"});
  REQUIRE(world.call({"create", "--quiet", "--label", "team=b"}).status == 0);
  Running one_shot(world.inside("coding", {"sh", "-c", "echo here; sleep 1000"}));
  one_shot.read_until("here");
  CHECK(Json::parse(world.call({"ls", "--json"}).out).size() == 3);
  CHECK(Json::parse(world.call({"ls", "--json", "--label", "team=a"}).out).size() == 1);
  CHECK(world.call({"kill"}).status == 64);
  CHECK(world.call({"kill", "--all"}).status == 0);
  CHECK(one_shot.wait().status == 137);
  CHECK(Json::parse(world.call({"ls", "--json"}).out).empty());
}

TEST_CASE("who is killed is not warned") {
  const World world;
  world.create();
  Running warned =
      world.start({"sh", "-c", "trap 'echo warned; exit 3' TERM; echo here; while :; do sleep 0.01; done"});
  warned.read_until("here\n");
  CHECK(world.call({"kill", "work"}).status == 0);
  const Finished finished = warned.wait();
  CHECK(finished.status == 137);
  CHECK(finished.out.empty());
}

TEST_CASE("the name of a session that died is gone when the next one begins, whatever that is called") {
  const World world;
  world.create();
  ::kill(world.inspect().at("supervisor").get<pid_t>(), SIGKILL);
  REQUIRE(becomes_true([&] { return world.inspect().at("state") == "failed"; }));
  CHECK(files_in(world.runtime() + "/clawbox/names") == 1);
  CHECK(run(world.inside("coding", {"true"})).status == 0);
  CHECK(files_in(world.runtime() + "/clawbox/names") == 0);
}

TEST_CASE("idle and old sessions are pruned, and busy ones stay") {
  const World world;
  world.create();
  Running busy = world.start({"sh", "-c", "echo here; sleep 1000"});
  busy.read_until("here");
  CHECK(world.call({"prune", "--idle", "0"}).out.empty());
  busy.send(SIGKILL);
  REQUIRE(becomes_true([&] { return world.inspect().at("commands").empty(); }));
  CHECK(world.call({"prune", "--idle", "7d"}).out.empty());
  CHECK(world.call({"prune", "--idle", "0", "--dry-run"}).out == "work\n");
  CHECK(world.call({"prune", "--idle", "0"}).out == "work\n");
  CHECK(world.call({"inspect", "work"}).status == 72);
}

TEST_CASE("a session that cannot be kept leaves nothing behind") {
  const World world;
  const std::string in_the_way = world.state() + "/clawbox/sessions";
  write_file(in_the_way, "not a directory");
  const Finished finished = world.call({"create", "--quiet", "--name", "work"});
  std::filesystem::remove(in_the_way);
  CHECK(finished.status == 73);
  CHECK(files_in(world.runtime() + "/clawbox/sessions") == 0);
  CHECK(files_in(world.runtime() + "/clawbox/names") == 0);
}
