// File systems that give no answer: they hold whoever asks them, and not the supervisor.
#include "support/mute_files.h"

#include <unistd.h>

#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kEnded = 42;  // tests/probe/crowd.cc
constexpr int kCapEnded = 124;

struct World : Environment {
  explicit World(const std::string& name = "") : files(read_file(probe_binary("crowd"))) {
    if (!name.empty()) place = workspace() + "/" + name;
    add_probe("crowd");
    add_probe("inner_filter");
    add_profile("timed",
                "version = 1\nextends = 'coding'\n[files]\nread_add = ['" + place + "']\n[limits]\ntime = '8s'\n");
    make_directory(place);
  }

  Command command(const std::string& script) const {
    Command command = inside("timed", {"sh", "-c", script});
    command.before_exec = [this] {
      enter_own_mounts();
      files.mount_at(place);
    };
    return command;
  }

  std::string place = directory() / "files";
  mutable MuteFiles files;
};

bool may_serve_files() { return ::access("/dev/fuse", R_OK | W_OK) == 0; }

/// `start` gets no answer; the next exec does, and the session ends at its time. What the kernel holds keeps its output
/// open, so that is not ours.
Trail ended_on_time(const World& world, const std::string& start) {
  Running running(world.command("(exec </dev/null >/dev/null 2>&1; " + start + ") & ./crowd end; echo $?; wait"));
  CHECK(running.read_until("\n") == std::to_string(kEnded) + "\n");
  CHECK(world.files.await_silence());
  const Finished finished = running.wait();
  INFO(finished.err);
  CHECK(!finished.overdue);
  CHECK(finished.status == kCapEnded);
  const Trail trail(world);
  CHECK(trail.has_no_gaps());
  CHECK(trail.records().back().at("event") == "session.end");
  CHECK(trail.records().back().at("ended_by") == "time");
  CHECK(trail.end_of(trail.exec({"./crowd", "end"})).value("exit_status", -1) == kEnded);
  CHECK(trail.all("exec").size() == trail.all("exec.end").size());
  return trail;
}

/// The execs whose words could not be read in time.
std::vector<Json> unanswered(const Trail& trail) {
  std::vector<Json> execs = trail.all("exec");
  std::erase_if(execs, [](const Json& exec) {
    return exec.value("unreadable", "") != "its memory lies in a file that gives no answer";
  });
  return execs;
}

}  // namespace

TEST_CASE("a program on a file system of a user's is recorded as any other") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const Finished finished = run(world.command(world.place + "/tool end; echo $?"));
  INFO(finished.err);
  CHECK(finished.out == std::to_string(kEnded) + "\n");
  const Trail trail(world);
  CHECK(trail.end_of(trail.exec({world.place + "/tool", "end"})).at("exit_status") == kEnded);
  CHECK(trail.text().find("\"path\":\"" + world.place + "/tool\",\"dev\":\"0:") != std::string::npos);
}

TEST_CASE("a path that gets no answer holds up its own exec only") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const Trail trail = ended_on_time(world, world.place + "/mute/tool end");
  CHECK(trail.execs({world.place + "/mute/tool", "end"}).size() == 1);
}

TEST_CASE("a current directory that gives no answer is in the record of what is started there") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const Trail trail = ended_on_time(world, "cd " + world.place + "/mute && ./tool end");
  CHECK(bytes_of(trail.exec({"./tool", "end"}).at("cwd")) == world.place + "/mute");
}

TEST_CASE("a program that cannot be read is recorded as unreadable, and the session does not wait for it") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const Trail trail = ended_on_time(world, world.place + "/mute-tool end");
  const std::vector<Json> programs = trail.all("program");
  const auto found = std::find_if(programs.begin(), programs.end(),
                                  [&](const Json& one) { return one.at("path") == world.place + "/mute-tool"; });
  REQUIRE(found != programs.end());
  CHECK(found->contains("unreadable"));
}

TEST_CASE("a word that lies in memory which cannot be read holds up nobody else") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const Finished finished =
      run(world.command("./inner_filter page " + world.place + "/mute-page; echo $?; ./crowd end; echo $?"));
  INFO(finished.err);
  CHECK(finished.out == "255\n42\n");
  const Trail trail(world);
  const std::vector<Json> asked = unanswered(trail);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].at("path") == "./inner_filter");
  CHECK(trail.end_of(asked[0]).at("errno") == "EFAULT");
  CHECK(trail.records().back().at("ended_by") == "exit");
}

TEST_CASE("however many words cannot be read, each is on record and the session ends at its time") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  const std::string start = "./inner_filter page " + world.place + "/mute-page & ";
  std::string script = "sleep 1000 & ";
  for (int i = 0; i < 20; ++i) script += start;
  const Finished finished = run(world.command(script + "wait"));
  INFO(finished.err);
  CHECK(!finished.overdue);
  CHECK(finished.status == kCapEnded);
  const Trail trail(world);
  CHECK(trail.has_no_gaps());
  CHECK(trail.records().back().at("ended_by") == "time");
  CHECK(unanswered(trail).size() == 20);
  CHECK(trail.all("exec").size() == trail.all("exec.end").size());
}

TEST_CASE("a session ends with its program, whatever the kernel still holds") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  const World world;
  Running running(
      world.command("(exec </dev/null >/dev/null 2>&1; " + world.place + "/mute/tool end) & read x; exit 7"));
  CHECK(world.files.await_silence());
  running.write_input("\n");
  CHECK(running.wait().status == 7);
  CHECK(Trail(world).records().back().at("ended_by") == "exit");
}

TEST_CASE("a directory of the workspace that has fallen silent is told as a change, and not waited for") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  if (!may_serve_files()) return skip("kernel: /dev/fuse is closed to this user");
  if (::geteuid() == 0) return skip("kernel: FUSE without FUSE_ALLOW_IDMAP: root is refused a workspace that has it");
  const World world("mounted");
  SECTION("it answers: the control") {
    const Finished finished = run(world.command("ls mounted/other; exit 7"));
    INFO(finished.err);
    REQUIRE(finished.status == 7);
    CHECK(Trail(world).records().back().at("protected_changes").empty());
  }
  SECTION("it has fallen silent") {
    REQUIRE(run(world.command("ls mounted/hush; exit 7")).status == 7);
    CHECK(world.files.await_silence());
    const Json changes = Trail(world).records().back().at("protected_changes");
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].at("change") == "could not be looked at: no answer within 10 s");
  }
}
