// When the trail cannot be written, and when its writer is gone: nothing runs that is not recorded.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

constexpr rlim_t kFull = 64 * 1024;  // bytes of a file, for clawbox itself: to it the disk is full

void fill_disk() {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{kFull, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

constexpr std::size_t kEnough = 200;  // turns, whose records are more than kFull

/// Each turn executes a program that notes in the workspace that it ran.
std::string turns(std::size_t number) {
  return "i=0; while [ $i -lt " + std::to_string(number) +
         " ]; do sh -c 'echo >>ran' noted; i=$((i+1)); done; echo >done";
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

Command on_full_disk(const Environment& environment, const std::string& profile, const std::string& text) {
  run(environment.inside(profile, {"true"}));  // what is cached is written now
  std::filesystem::remove_all(trail_directory(environment));
  Command command = environment.inside(profile, {"sh", "-c", text});
  command.before_exec = fill_disk;
  return command;
}

Environment& with_profiles(Environment& environment) {
  environment.add_profile("free", "version = 1\nextends = 'coding'\n[audit]\nrequired = false\n");
  return environment;
}

void check_gap(std::size_t number) {
  Environment environment;
  with_profiles(environment);
  Running running(on_full_disk(environment, "free", turns(number) + "; echo full; read line; sh -c : after; :"));
  running.read_until("full\n");
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(::prlimit(running.pid(), RLIMIT_FSIZE, &unlimited, nullptr) == 0);
  running.write_input("\n");
  CHECK(running.wait().status == 0);
  CHECK(lines_in(read_file(environment.workspace() + "/ran")) == number);
  const Trail trail(environment);
  CHECK(trail.has_no_gaps());
  REQUIRE(!trail.all("audit.gap").empty());  // one more where only a short record still had room
  CHECK(trail.all("audit.gap").back().at("lost") > 0);
  CHECK(trail.execs({"sh", "-c", ":", "after"}).size() == 1);
}

}  // namespace

TEST_CASE("a required trail that cannot be written any more ends the session, and nothing has run unrecorded") {
  const Environment environment;
  const Finished finished = run(on_full_disk(environment, "coding", turns(1000)));
  INFO(finished.err);
  CHECK(finished.status == 73);
  CHECK(finished.err.find("audit trail") != std::string::npos);
  CHECK(!std::filesystem::exists(environment.workspace() + "/done"));
  const Trail trail(environment);
  CHECK(trail.has_no_gaps());
  const std::size_t ran = lines_in(read_file(environment.workspace() + "/ran"));
  CHECK(ran > 0);
  CHECK(ran <= trail.execs({"sh", "-c", "echo >>ran", "noted"}).size());
}

TEST_CASE("a trail that is not required leaves the session running, and tells of the gap when writing works again") {
  check_gap(kEnough);
}

TEST_CASE("so it does when the gap is long", "[long]") { check_gap(1000); }

TEST_CASE("when clawbox is killed everything inside dies, and no exec succeeded without its record") {
  const Environment environment;
  Running running(environment.inside("coding", {"sh", "-c",
                                                "sleep 1000 & setsid sleep 1001 & sh -c 'echo >>ran' noted; echo "
                                                "ready; while :; do sh -c 'echo >>ran' noted; done"}));
  running.read_until("ready\n");
  std::vector<clawbox::OwnedFd> processes;
  const Trail before(environment);
  processes.push_back(watch(before.all("exec").at(0).at("pid").get<int>()));
  for (const char* seconds : {"1000", "1001"})
    for (const Json& record : before.execs({"sleep", seconds})) processes.push_back(watch(record.at("pid").get<int>()));
  processes.push_back(watch(before.all("session.start").at(0).at("pid").get<int>()));
  running.send(SIGKILL);
  for (const clawbox::OwnedFd& process : processes) CHECK(gone_within(process, 20s));
  running.wait();
  const std::size_t ran = lines_in(read_file(environment.workspace() + "/ran"));
  CHECK(ran > 0);
  CHECK(ran <= Trail(environment).execs({"sh", "-c", "echo >>ran", "noted"}).size());
}
