// File systems that give no answer: they hold whoever asks them, and not the supervisor.
#include "support/mute_files.h"

#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kEnded = 42;  // tests/probe/crowd.cc
constexpr int kCapEnded = 124;

struct World : Environment {
  World() : files(read_file(probe_binary("crowd"))) {
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

}  // namespace

TEST_CASE("a program on a file system of a user's is recorded as any other") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
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
  const World world;
  const Trail trail = ended_on_time(world, world.place + "/mute/tool end");
  CHECK(trail.execs({world.place + "/mute/tool", "end"}).size() == 1);
}

TEST_CASE("a current directory that gives no answer is in the record of what is started there") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  const Trail trail = ended_on_time(world, "cd " + world.place + "/mute && ./tool end");
  CHECK(bytes_of(trail.exec({"./tool", "end"}).at("cwd")) == world.place + "/mute");
}

TEST_CASE("a program that cannot be read is recorded as unreadable, and the session does not wait for it") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  const Trail trail = ended_on_time(world, world.place + "/mute-tool end");
  const std::vector<Json> programs = trail.all("program");
  const auto found = std::find_if(programs.begin(), programs.end(),
                                  [&](const Json& one) { return one.at("path") == world.place + "/mute-tool"; });
  REQUIRE(found != programs.end());
  CHECK(found->contains("unreadable"));
}

// Not run by default: it does hold everybody up. process_vm_readv(2) reads the file for the one who asks, and waits for
// it; the supervisor needs a reader of its own, with a deadline, for that.
TEST_CASE("a word that lies in memory which cannot be read holds up nobody else", "[.]") {
  if (!may_have_own_mounts()) return skip("kernel: no mount namespace for an ordinary user");
  const World world;
  ended_on_time(world, "./inner_filter page " + world.place + "/mute-page");
}
