// How a run ends: its exit status, signals that are passed on, caps that end it, and what was still running.
#include <signal.h>

#include "base/json.h"
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

std::vector<std::string> script(const std::string& text) { return {"sh", "-c", text}; }

std::string limits(const std::string& lines) { return "version = 1\nextends = 'coding'\n[limits]\n" + lines; }

Json outcome_of(const Environment& environment, const std::string& profile, std::vector<std::string> words) {
  const std::string file = environment.directory() / "outcome.json";
  words.insert(words.begin(), {"run", "--profile", profile, "--outcome", file, "--"});
  run(environment.clawbox(words));
  return Json::parse(read_file(file));
}

}  // namespace

TEST_CASE("success is 0 and a program's own status passes through") {
  const Environment environment;
  CHECK(run(environment.inside("coding", {"true"})).status == 0);
  CHECK(run(environment.inside("coding", script("exit 7"))).status == 7);
  CHECK(run(environment.inside("coding", script("exit 255"))).status == 255);
}

TEST_CASE("a command that is not there is 127, one that cannot be executed 126") {
  const Environment environment;
  write_file(environment.workspace() + "/text", "no program\n", 0644);
  const Finished missing = run(environment.inside("coding", {"clawbox-no-such-program"}));
  CHECK(missing.status == 127);
  CHECK(missing.err.find("clawbox-no-such-program") != std::string::npos);
  CHECK(run(environment.inside("coding", {"./text"})).status == 126);
  CHECK(run(environment.inside("coding", {"./"})).status == 126);
}

TEST_CASE("the outcome file tells the command's status from clawbox's own") {
  const Environment environment;
  const Json own = outcome_of(environment, "coding", script("exit 127"));
  CHECK(own.at("ended_by") == "exit");
  CHECK(own.at("exit_status") == 127);
  const Json missing = outcome_of(environment, "coding", {"clawbox-no-such-program"});
  CHECK(missing.at("ended_by") == "failed");
  CHECK(missing.at("exit_status") == 127);
  CHECK(missing.at("detail").get<std::string>().find("clawbox-no-such-program") != std::string::npos);
  CHECK(outcome_of(environment, "no-such-profile", {"true"}).at("exit_status") == 66);
}

TEST_CASE("a signal to the launcher reaches the command's group") {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    const Environment environment;
    Running running(environment.inside(
        "coding", script("trap 'echo caught; exit 5' TERM INT HUP USR1; echo ready; while :; do read line; done")));
    running.read_until("ready\n");
    running.send(signal);
    INFO("signal " << signal);
    const Finished finished = running.wait(20s);
    CHECK(finished.out == "caught\n");
    CHECK(finished.status == 5);
  }
}

TEST_CASE("a command that dies of a forwarded signal reports it") {
  const Environment environment;
  Running running(environment.inside("coding", {"sh", "-c", "echo ready; exec sleep 1000"}));
  running.read_until("ready\n");
  running.send(SIGTERM);
  CHECK(running.wait(20s).status == 128 + SIGTERM);
}

TEST_CASE("the wall-clock cap ends the run with 124") {
  const Environment environment;
  environment.add_profile("short", limits("time = '500ms'\n"));
  const Finished finished = run(environment.inside("short", {"sleep", "1000"}), 20s);
  CHECK(finished.status == 124);
  CHECK(finished.err.find("time") != std::string::npos);
  CHECK(run(environment.inside("short", {"true"})).status == 0);
}

TEST_CASE("the wall-clock cap ends a command that ignores every signal") {
  const Environment environment;
  environment.add_profile("short", limits("time = '500ms'\n"));
  const auto words = script("trap '' TERM INT HUP; while :; do :; done");
  CHECK(run(environment.inside("short", words), 30s).status == 124);
}

TEST_CASE("the processor-time cap counts all processes and ends the run with 124") {
  const Environment environment;
  environment.add_profile("lazy", limits("cpu_time = '1s'\n"));
  const Finished finished =
      run(environment.inside("lazy", script("for i in 1 2 3; do (while :; do :; done) & done; wait")), 30s);
  CHECK(finished.status == 124);
  CHECK(finished.err.find("cpu_time") != std::string::npos);
  CHECK(run(environment.inside("lazy", script("read line; exit 3"))).status == 3);
}

TEST_CASE("the processor-time cap ends a single process with 124 too") {
  const Environment environment;
  environment.add_profile("lazy", limits("cpu_time = '1s'\n"));
  CHECK(run(environment.inside("lazy", script("while :; do :; done")), 30s).status == 124);
}

TEST_CASE("limits of the profile hold inside") {
  const Environment environment;
  environment.add_profile("small", limits("open_files = 100\nfile_size = '1MiB'\n"));
  CHECK(run(environment.inside("small", script("ulimit -n; ulimit -Hn"))).out == "100\n100\n");
  CHECK(run(environment.inside("small", script("head -c 2097152 /dev/zero > big"))).status != 0);
  CHECK(std::filesystem::file_size(environment.workspace() + "/big") == 1048576);
  CHECK(run(environment.inside("coding", script("head -c 2097152 /dev/zero > big"))).status == 0);
}

TEST_CASE("the outcome says how the run ended") {
  const Environment environment;
  environment.add_profile("short", limits("time = '300ms'\n"));
  const Json exited = outcome_of(environment, "coding", script("exit 7"));
  CHECK(exited["exit_status"] == 7);
  CHECK(exited["ended_by"] == "exit");
  CHECK(exited["wall_ms"].get<long>() >= 0);
  const Json killed = outcome_of(environment, "coding", script("kill -KILL $$"));
  CHECK(killed["exit_status"] == 137);
  CHECK(killed["ended_by"] == "signal");
  CHECK(killed["signal"] == 9);
  const Json capped = outcome_of(environment, "short", {"sleep", "1000"});
  CHECK(capped["exit_status"] == 124);
  CHECK(capped["ended_by"] == "time");
}

TEST_CASE("orphans are reaped while the command still runs") {
  const Environment environment;
  environment.add_probe("probe");
  const Finished finished = run(environment.inside("coding", {"./probe", "SV04"}));
  INFO(finished.out);
  CHECK(finished.status == 0);
}

TEST_CASE("the run does not wait for what the command left in the background") {
  const Environment environment;
  const Finished finished = run(environment.inside("coding", script("sleep 1000 & echo done")), 20s);
  CHECK(!finished.overdue);
  CHECK(finished.out == "done\n");
  CHECK(finished.status == 0);
}
