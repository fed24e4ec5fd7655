// What could blind, block, kill or fill the supervisor, and does not.
#include <sys/resource.h>

#include <filesystem>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kEnded = 42;           // tests/probe/crowd.cc, starter.cc
constexpr std::size_t kAtOnce = 50;  // refusals of a process that are told before they are folded: clawbox-audit(5)

struct World : Environment {
  World() {
    add_probe("crowd");
    add_probe("starter");
    add_profile("crowded", "version = 1\nextends = 'coding'\n[limits]\nprocesses = 30000\n");
  }

  /// With as many open files as a login shell allows, whatever allows more here.
  Command crowd_command(std::vector<std::string> words) const {
    words.insert(words.begin(), "./crowd");
    Command command = inside("crowded", std::move(words));
    command.before_exec = [] {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = 1024;
      ::setrlimit(RLIMIT_NOFILE, &limit);
    };
    return command;
  }
  Finished crowd(std::vector<std::string> words) const { return run(crowd_command(std::move(words))); }
};

std::size_t ends_of(const Trail& trail, const std::string& outcome) {
  std::size_t count = 0;
  for (const Json& end : trail.all("exec.end"))
    if (end.at("outcome") == outcome) ++count;
  return count;
}

void check_whole(const Trail& trail) {
  CHECK(trail.has_no_gaps());
  CHECK(trail.records().back().at("event") == "session.end");
  CHECK(trail.all("exec").size() == trail.all("exec.end").size());
}

void check_zombies(std::size_t number) {
  const World world;
  const Finished finished = world.crowd({"zombies", std::to_string(number)});
  INFO(finished.err);
  CHECK(finished.status == kEnded);
  const Trail trail(world);
  CHECK(trail.execs({"crowd", "die"}).size() == number);
  CHECK(trail.execs({"crowd", "end"}).size() == 1);
  check_whole(trail);
}

/// The most memory that a process has had, in KiB.
long peak_memory(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  return std::stol(status.substr(status.find("VmHWM:") + 6));
}

/// `size`: of the crowd, processes and seconds. How many execs there were.
std::size_t check_flood_of_execs(const std::string& size) {
  const World world;
  Running running(world.inside("crowded", {"sh", "-c", "./crowd execs " + size + "; read line"}));
  const std::size_t turns = std::stoul(running.read_until("\n"));
  const long peak = peak_memory(running.pid());
  running.end_input();
  running.wait();
  const Trail trail(world);
  CHECK(trail.execs({"crowd", "end"}).size() == turns);
  check_whole(trail);
  CHECK(peak < 256 * 1024);
  return turns;
}

/// The same of refusals.
std::size_t check_flood_of_refusals(const std::string& size) {
  const World world;
  Running running(world.inside("crowded", {"sh", "-c",
                                           "./crowd refusals " + size +
                                               " >counted & while kill -0 $!; do ./crowd end; done "
                                               "2>/dev/null; wait; cat counted; read line"}));
  const std::size_t turns = std::stoul(running.read_until("\n"));
  const long peak = peak_memory(running.pid());
  running.end_input();
  running.wait();
  const Trail trail(world);
  std::size_t told = trail.all("refused").size();
  for (const Json& folded : trail.all("folded")) told += folded.at("count").get<std::size_t>();
  CHECK(told == turns);
  CHECK(!trail.all("folded").empty());
  CHECK(trail.all("session.end")[0].at("refusals") == turns);
  CHECK(trail.text().size() < 5'000'000);
  CHECK(trail.execs({"./crowd", "end"}).size() > 1);
  CHECK(peak < 256 * 1024);
  check_whole(trail);
  return turns;
}

}  // namespace

TEST_CASE("a program that wants a listener of its own gets EBUSY, and is recorded as before") {
  const World world;
  CHECK(world.crowd({"listener"}).status == kEnded);
  const Trail trail(world);
  CHECK(trail.execs({"crowd", "end"}).size() == 1);
  check_whole(trail);
}

TEST_CASE("below a program's own filter execs are recorded, and that filter works") {
  const World world;
  CHECK(world.crowd({"filter"}).status == kEnded);
  const Trail trail(world);
  CHECK(trail.end_of(trail.exec({"crowd", "end"})).value("exit_status", -1) == kEnded);
}

TEST_CASE("strace works inside, and what it follows is recorded") {
  if (!find_program("strace")) return skip("strace is not installed");
  const World world;
  const Finished finished =
      run(world.inside("coding", {"strace", "-f", "-e", "trace=execve", "sh", "-c", "./crowd end; :"}));
  if (finished.err.find("PTRACE_") != std::string::npos) return skip("kernel: strace may not trace here");
  CHECK(finished.err.find("execve(\"./crowd\"") != std::string::npos);
  const Trail trail(world);
  CHECK(trail.end_of(trail.exec({"./crowd", "end"})).value("exit_status", -1) == kEnded);
  check_whole(trail);
}

TEST_CASE("a process that is killed while it is asked about leaves the session as it was") {
  const World world;
  CHECK(world.crowd({"killed", "300"}).status == kEnded);
  check_whole(Trail(world));
}

TEST_CASE("threads that execute at the same time end in one program, and their session goes on") {
  const World world;
  CHECK(world.crowd({"threads", "8", "30"}).status == kEnded);
  const Trail trail(world);
  check_whole(trail);
  CHECK(ends_of(trail, "exited") >= 31);
}

TEST_CASE("killed processes that nobody reaps are recorded, and the next exec is answered") { check_zombies(200); }

TEST_CASE("thousands of killed processes that nobody reaps are recorded, and the next exec is answered", "[long]") {
  check_zombies(10'000);
}

TEST_CASE("killed processes that are too many to be watched have their end while the session goes on") {
  const World world;
  Command command =
      world.inside("crowded", {"sh", "-c", "./crowd zombies 200; ./crowd zombies 200; echo done; read line"});
  command.before_exec = [] {
    const rlimit limit{300, 300};  // clawbox spares most of them for itself
    ::setrlimit(RLIMIT_NOFILE, &limit);
  };
  Running running(command);
  running.read_until("done\n");
  const Trail meanwhile(world);
  CHECK(meanwhile.execs({"crowd", "die"}).size() == 400);
  CHECK(ends_of(meanwhile, "signaled") + ends_of(meanwhile, "ended") >= 200);
  running.end_input();
  running.wait();
  check_whole(Trail(world));
}

TEST_CASE("a flood of execs from some processes is recorded to the last, and takes little memory") {
  CHECK(check_flood_of_execs("8 1") > 8);
}

TEST_CASE("a flood of execs from 50 processes is recorded to the last, and takes little memory", "[long]") {
  CHECK(check_flood_of_execs("50 2") > 100);
}

TEST_CASE("a flood of refusals from some processes is folded, and another process is served meanwhile") {
  CHECK(check_flood_of_refusals("4 1") > 4 * kAtOnce);
}

TEST_CASE("a flood of refusals from 50 processes is folded, and another process is served meanwhile", "[long]") {
  CHECK(check_flood_of_refusals("50 2") > 1000);
}

TEST_CASE("an argv of a gigabyte is a short record of a failed exec, and takes little memory") {
  const World world;
  Running running(world.inside("coding", {"sh", "-c", "./starter gigabyte ./starter; echo $?; read line"}));
  CHECK(running.read_until("\n") == "42\n");
  const long peak = peak_memory(running.pid());
  running.end_input();
  running.wait();
  const Trail trail(world);
  const Json record = trail.exec({"gigabyte", "end"});
  CHECK(record.dump().size() < std::size_t{1} << 20);
  CHECK(record.at("argv_cut").at("words") > 0);
  CHECK(trail.end_of(record).at("outcome") == "failed");
  CHECK(peak < 256 * 1024);
}
