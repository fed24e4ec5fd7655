// Numbers of processes are given again: what one process does is never written down as another's.
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/own_pids.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr int kEnded = 42;  // tests/probe/successor.cc

/// With `descriptors` open files for clawbox too: with as few as it spares for itself it watches no process's end, and
/// learns of none.
Command command_in(const Environment& environment, const OwnPids& pids, rlim_t descriptors) {
  environment.add_probe("crowd");
  environment.add_probe("successor");
  Command command = environment.inside("coding", {"sh", "-c", "./crowd die; echo died; exec ./successor"});
  command.before_exec = [&pids, descriptors] {
    enter_own_mounts();
    pids.enter();
    const rlimit limit{descriptors, descriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  };
  return command;
}

/// Processes are told apart by when they were started, in ticks of 10 ms: no numbers go round faster, but for ours
/// here.
void await_next_tick(const Json& record) {
  timespec now{};
  do {
    ::sched_yield();
    ::clock_gettime(CLOCK_BOOTTIME, &now);
  } while (now.tv_sec * 1'000'000 + now.tv_nsec / 1000 < record.at("mono_us").get<int64_t>() + 10'000);
}

void check_apart(rlim_t descriptors) {
  const Environment environment;
  const OwnPids pids;
  Running running(command_in(environment, pids, descriptors));
  running.read_until("died\n");
  const Json before = Trail(environment).exec({"./crowd", "die"});
  await_next_tick(before);
  pids.choose_next(before.at("pid"));
  running.write_input("\n");
  const Finished finished = running.wait();
  INFO(finished.err);
  REQUIRE(finished.status == kEnded);
  const Trail trail(environment);
  const Json refused = trail.all("refused").at(0), after = trail.exec({"successor", "end"});
  REQUIRE(refused.at("pid") == before.at("pid"));
  REQUIRE(after.at("pid") == before.at("pid"));
  CHECK(refused.at("exec") == 0);
  CHECK(after.at("parent") == trail.exec({"./successor"}).at("id"));
  CHECK(trail.end_of(after).value("exit_status", -1) == kEnded);
  const Json end = trail.end_of(before);
  CHECK((end.at("outcome") == "signaled" || end.at("outcome") == "ended"));
  CHECK(bytes_of(end.value("observed", Json(""))) != environment.workspace() + "/successor");
}

}  // namespace

TEST_CASE("a process that gets the number of a dead one is another process") {
  if (!OwnPids::possible()) return skip("kernel: no pid namespace of our own, or no ns_last_pid");
  check_apart(4096);
}

TEST_CASE("so it is where nobody has told of the end of the first") {
  if (!OwnPids::possible()) return skip("kernel: no pid namespace of our own, or no ns_last_pid");
  check_apart(256);
}
