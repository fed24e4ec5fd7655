// What the trail says of execs: their outcome, times, tree and ids; of mismatches; of refused and noted calls; and what
// it never says.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

Finished run_script(const Environment& environment, const std::string& text, const std::string& profile = "coding") {
  return run(environment.inside(profile, {"sh", "-c", text}));
}

std::string audit(const std::string& lines) { return "version = 1\nextends = 'coding'\n[audit]\n" + lines; }

constexpr int kMostRaces = 50;  // sessions until one is won

/// `link` to the workspace itself, of which the kernel would note the access if it could: no cached look-up follows it.
void add_old_link(const Environment& environment) {
  const std::string link = environment.workspace() + "/link";
  std::filesystem::create_directory_symlink(".", link);
  const timespec old[] = {{1'000'000, 0}, {1'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, link.c_str(), old, AT_SYMLINK_NOFOLLOW) == 0);
}

/// By the last part of both: the link is not in what was observed.
bool ran_as_claimed(const Json& claimed, const Json& observed) {
  return std::filesystem::path(bytes_of(claimed)).filename() == std::filesystem::path(bytes_of(observed)).filename();
}

Json end_of(const Trail& trail, const std::vector<std::string>& argv) { return trail.end_of(trail.exec(argv)); }

}  // namespace

TEST_CASE("the record of an exec is there before the program's first word") {
  const Environment environment;
  Running running(environment.inside("coding", {"sh", "-c", "cat fifo-none 2>/dev/null; echo ready; read line"}));
  running.read_until("ready\n");
  const Trail trail(environment);
  CHECK(trail.execs({"sh", "-c"}).size() == 1);
  CHECK(trail.execs({"cat", "fifo-none"}).size() == 1);
}

TEST_CASE("the session's own program is recorded as every other, whoever runs it") {
  const Environment environment;
  run_script(environment, ":");
  const Trail trail(environment);
  const Json record = trail.all("exec").at(0);
  INFO(record.dump());
  CHECK(std::filesystem::path(bytes_of(record.at("path"))).filename() == "sh");
  CHECK(words_of(record.at("argv")) == std::vector<std::string>{"sh", "-c", ":"});
  CHECK(bytes_of(record.at("cwd")) == environment.workspace());
  CHECK(record.at("env").get<int>() > 0);
  CHECK(bytes_of(record.value("resolved", record.at("path"))) == trail.end_of(record).at("observed"));
  CHECK_FALSE(record.contains("unreadable"));
  const std::vector<Json> programs = trail.all("program");
  CHECK(std::count_if(programs.begin(), programs.end(), [&](const Json& program) {
          return program.at("dev") == record.at("dev") && program.at("ino") == record.at("ino") &&
                 program.contains("sha256");
        }) == 1);
}

TEST_CASE("an exec's end tells exit status, signal, and what replaced it") {
  const Environment environment;
  run_script(environment,
             "sh -c 'exit 7' seven; sh -c 'kill -KILL $$' killed; sh -c 'kill -SEGV $$' fault; "
             "sh -c 'exec env -u NONE true' before; wait");
  const Trail trail(environment);
  CHECK(end_of(trail, {"sh", "-c", "exit 7", "seven"}).value("exit_status", -1) == 7);
  const Json before = trail.exec({"sh", "-c", "exec env -u NONE true", "before"});
  CHECK(trail.end_of(before).at("outcome") == "replaced");
  const Json replacement = trail.exec({"true"});
  CHECK(replacement.at("pid") == before.at("pid"));
  CHECK(trail.end_of(replacement).value("exit_status", -1) == 0);
  for (const auto& [word, text, signal] :
       {std::tuple("killed", "kill -KILL $$", 9), std::tuple("fault", "kill -SEGV $$", 11)}) {
    const Json end = end_of(trail, {"sh", "-c", text, word});
    INFO(end.dump());
    if (end.at("outcome") == "ended") skip("kernel: does not tell how a process ended by a signal");
    if (end.at("outcome") == "ended") continue;
    CHECK(end.at("outcome") == "signaled");
    CHECK(end.value("signal", 0) == signal);
  }
}

TEST_CASE("a program that is not there and one that may not be executed are failed execs, with the error") {
  for (const auto& [program, error] : {std::pair("/usr/lib/clawbox-none", "ENOENT"), std::pair("./text", "EACCES")}) {
    const Environment environment;
    environment.add_probe("starter");
    write_file(environment.workspace() + "/text", "text\n", 0644);
    run(environment.inside("coding", {"./starter", "execve", program}));
    const Json end = end_of(Trail(environment), {"execve", "end"});
    CHECK(end.at("outcome") == "failed");
    CHECK(end.value("errno", "") == error);
  }
}

TEST_CASE("the failed tries of a search through PATH are one record with their number") {
  const Environment environment;
  // On the disk, in memory, and where not even the directory is.
  run_script(environment, "PATH=/usr/lib:/tmp:/dev/shm:/none/bin:/bin; env true found; env none lost; :");
  const Trail trail(environment);
  const std::vector<Json> found = trail.execs({"true", "found"}), lost = trail.execs({"none", "lost"});
  REQUIRE(found.size() == 1);
  CHECK(bytes_of(found[0].at("path")) == "/bin/true");
  CHECK(found[0].value("tries", 0) == 4);
  REQUIRE(lost.size() == 1);
  CHECK(trail.end_of(lost[0]).at("outcome") == "failed");
  CHECK(trail.end_of(lost[0]).value("tries", 0) == 5);
}

TEST_CASE("an end has the time that passed, and the processor time that was used") {
  const Environment environment;
  run_script(environment, "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done' busy; true idle");
  const Trail trail(environment);
  const Json busy = end_of(trail, {"sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", "busy"});
  INFO(busy.dump());
  CHECK(busy.at("cpu_ms") > 0);
  CHECK(busy.at("wall_ms") > 0);
  CHECK(trail.all("session.end").at(0).at("wall_ms") >= busy.at("wall_ms"));
}

TEST_CASE("parents make the tree of what started what, also through subshells") {
  const Environment environment;
  run_script(environment, "sh -c '(sh -c \"true leaf; :\" low; :); :' middle; true right");
  const Trail trail(environment);
  const Json root = trail.all("exec").at(0);
  const Json middle = trail.exec({"sh", "-c", "(sh -c \"true leaf; :\" low; :); :"});
  const Json low = trail.exec({"sh", "-c", "true leaf; :"});
  CHECK(root.at("parent") == 0);
  CHECK(middle.at("parent") == root.at("id"));
  CHECK(low.at("parent") == middle.at("id"));
  CHECK(middle.at("ppid") == root.at("pid"));
  CHECK(trail.all("exec").size() == 3);  // `true` is a builtin of the shell
}

TEST_CASE("a record names the process as the inside and as the outside know it, and the user inside") {
  const Environment environment;
  Running running(environment.inside("coding", {"sh", "-c", "id -u; echo $$; read line"}));
  const int uid = std::stoi(running.read_until("\n"));
  const int pid = std::stoi(running.read_until("\n"));
  const Json record = Trail(environment).all("exec").at(0);
  CHECK(record.at("uid") == uid);
  CHECK(record.at("pid_inside") == pid);
  const std::string status = read_file("/proc/" + std::to_string(record.at("pid").get<int>()) + "/status");
  CHECK(status.find("\t" + std::to_string(pid) + "\n") != std::string::npos);
}

TEST_CASE("a path that is changed between claim and exec is told apart by what was observed, as a mismatch") {
  const Environment environment;
  environment.add_probe("starter");
  for (const char* name : {"/target", "/targeu"})
    std::filesystem::copy_file(environment.workspace() + "/starter", environment.workspace() + name);
  add_old_link(environment);
  for (const std::string target : {"./target", "./link/target"}) {
    INFO(target);
    std::size_t changed = 0;
    for (int sessions = 0; sessions < kMostRaces && changed == 0; ++sessions) {
      std::filesystem::remove_all(environment.state());
      REQUIRE(run(environment.inside("readonly", {"./starter", "flipped-path", target})).status == 42);
      const Trail trail(environment);
      std::size_t told = 0;
      for (const Json& record : trail.execs({"flipped-path", "end"}))
        changed += ran_as_claimed(record.at("path"), trail.end_of(record).at("observed")) ? 0 : 1;
      for (const Json& mismatch : trail.all("exec.mismatch"))
        told += ran_as_claimed(mismatch.at("claimed"), mismatch.at("observed")) ? 0 : 1;
      CHECK(changed == told);
      CHECK(told == trail.all("exec.mismatch").size());
    }
    CHECK(changed > 0);
  }
}

TEST_CASE("a script of a script explains what it leads to, and nothing else") {
  const Environment environment;
  const std::string starter = environment.add_probe("starter"), workspace = environment.workspace();
  std::filesystem::copy_file(starter, workspace + "/targetq");
  write_file(workspace + "/inner", "#!" + starter + "\n", 0755);
  write_file(workspace + "/targetp", "#!" + workspace + "/inner\n", 0755);
  std::set<uint64_t> changed, told;
  for (int sessions = 0; sessions < kMostRaces && changed.empty(); ++sessions) {
    std::filesystem::remove_all(environment.state());
    REQUIRE(run(environment.inside("coding", {"./starter", "flipped-path", "./targetp"})).status == 42);
    const Trail trail(environment);
    for (const Json& record : trail.execs({"flipped-path", "end"})) {
      const bool is_script = bytes_of(record.at("path")) == "./targetp";
      const std::string observed = bytes_of(trail.end_of(record).at("observed"));
      if (observed != (is_script ? starter : workspace + "/targetq")) changed.insert(record.at("id").get<uint64_t>());
    }
    for (const Json& mismatch : trail.all("exec.mismatch")) told.insert(mismatch.at("id").get<uint64_t>());
    CHECK(changed == told);
  }
  CHECK_FALSE(changed.empty());
}

TEST_CASE("a script is no mismatch, through whatever links its interpreter is found") {
  const Environment environment;
  const std::string workspace = environment.workspace(), starter = environment.add_probe("starter");
  add_old_link(environment);
  write_file(workspace + "/shell", "#!/bin/sh\n/bin/true\n", 0755);
  write_file(workspace + "/linked", "#!" + workspace + "/link/starter end\n", 0755);
  std::string script = "./link/linked; ";
  for (int i = 0; i < 60; ++i) script += "./shell; ";
  REQUIRE(run(environment.inside("readonly", {"sh", "-c", script})).status == 0);
  const Trail trail(environment);
  for (const Json& mismatch : trail.all("exec.mismatch")) FAIL_CHECK(mismatch.dump());
  CHECK(trail.execs({"./shell"}).size() == 60);
  CHECK(bytes_of(trail.exec({"./link/linked"}).at("resolved")) == workspace + "/linked");
  for (const Json& record : trail.execs({"/bin/true"}))
    CHECK(bytes_of(record.value("resolved", record.at("path"))) == std::filesystem::canonical("/bin/true"));
}

TEST_CASE("a script as the session's own program is no mismatch") {
  const Environment environment;
  write_file(environment.workspace() + "/script", "#!/bin/sh\n:\n", 0755);
  REQUIRE(run(environment.inside("coding", {"./script"})).status == 0);
  const Trail trail(environment);
  CHECK(bytes_of(trail.end_of(trail.all("exec").at(0)).at("observed")) == std::filesystem::canonical("/bin/sh"));
  for (const Json& mismatch : trail.all("exec.mismatch")) FAIL_CHECK(mismatch.dump());
}

TEST_CASE("a path that would take for ever to look for is given up") {
  const Environment environment;
  // 38 links of 1600 parts each: with a look-up for each further name an exec takes six seconds and more, and all of
  // them twice the deadline of run().
  run_script(environment,
             "mkdir -p q/d; cd q; i=0; to=; while [ $i -lt 800 ]; do to=d/../$to; i=$((i+1)); done; ln -s ${to}../q l; "
             "path=$PWD; i=0; while [ $i -lt 38 ]; do path=$path/l; i=$((i+1)); done; "
             "i=0; while [ $i -lt 1800 ]; do path=$path/x; i=$((i+1)); done; i=0; while [ $i -lt 24 ]; do $path; "
             "i=$((i+1)); done; :");
  const Trail trail(environment);
  CHECK(trail.all("exec").size() >= 25);
  CHECK(trail.all("session.end").size() == 1);
}

TEST_CASE("a file that is only touched between claim and exec is no mismatch") {
  const Environment environment;
  environment.add_probe("starter");
  run_script(environment,
             "while :; do chmod 700 starter; chmod 755 starter; done & i=0; while [ $i -lt 60 ]; do ./starter end; "
             "i=$((i+1)); done; kill $!");
  const Trail trail(environment);
  CHECK(trail.execs({"./starter", "end"}).size() == 60);
  for (const Json& mismatch : trail.all("exec.mismatch")) FAIL_CHECK(mismatch.dump());
}

TEST_CASE("why an exec failed is told as far as its path says it") {
  const Environment environment;
  std::filesystem::create_symlink("loop", environment.workspace() + "/loop");
  const std::string long_name(300, 'n');
  run_script(environment, "./absent; ./loop; /usr/bin/env/x; ./" + long_name + "; :", "readonly");
  const Trail trail(environment);
  for (const auto& [program, error] : {std::pair<std::string, const char*>("./absent", "ENOENT"),
                                       {"./loop", "ELOOP"},
                                       {"/usr/bin/env/x", "ENOTDIR"},
                                       {"./" + long_name, "ENAMETOOLONG"}}) {
    const Json end = end_of(trail, {program});
    INFO(end.dump());
    CHECK(end.at("outcome") == "failed");
    CHECK(end.value("errno", "") == error);
  }
}

TEST_CASE("a refused call is an event with its arguments, its error, and the rule that refused it") {
  const Environment environment;
  environment.add_profile("own",
                          "version = 1\nextends = 'coding'\n[syscalls]\nrefuse_add = [\n"
                          "  { call = 'chmod', error = 'EACCES', reason = 'modes stay' },\n"
                          "  { call = 'fchmodat', error = 'EACCES', reason = 'modes stay' },\n]\n");
  write_file(environment.workspace() + "/file", "");
  CHECK(run_script(environment, "chmod 600 file", "own").status != 0);
  const Trail trail(environment);
  const std::vector<Json> refused = trail.all("refused");
  REQUIRE(refused.size() == 1);
  INFO(refused[0].dump());
  CHECK(refused[0].at("call").get<std::string>().find("chmod") != std::string::npos);
  CHECK(bytes_of(refused[0].at("arguments")).find("\"file\"") != std::string::npos);
  CHECK(refused[0].at("errno") == EACCES);
  CHECK(refused[0].at("reason") == "modes stay");
  CHECK(refused[0].at("origin").get<std::string>().find("own.toml:") != std::string::npos);
  CHECK(refused[0].at("exec") == trail.exec({"chmod"}).at("id"));
  CHECK(trail.all("session.end").at(0).at("refusals") == 1);
}

TEST_CASE("a call that the profile chooses is noted, and works") {
  const Environment environment;
  environment.add_profile("noting", audit("calls = ['unlink', 'unlinkat']\n"));
  write_file(environment.workspace() + "/file", "");
  CHECK(run_script(environment, "rm file", "noting").status == 0);
  CHECK(!std::filesystem::exists(environment.workspace() + "/file"));
  const Trail trail(environment);
  REQUIRE(trail.all("call").size() == 1);
  CHECK(bytes_of(trail.all("call")[0].at("arguments")).find("\"file\"") != std::string::npos);
  CHECK(trail.all("call")[0].at("exec") == trail.exec({"rm"}).at("id"));
}

TEST_CASE("at level session there is the session and nothing else") {
  const Environment environment;
  environment.add_profile("short", audit("level = 'session'\n"));
  CHECK(run_script(environment, "ls >/dev/null; mount a b; :", "short").status == 0);
  const Trail trail(environment);
  REQUIRE(trail.records().size() == 2);
  CHECK(trail.records()[0].at("event") == "session.start");
  CHECK(trail.records()[1].at("event") == "session.end");
}

TEST_CASE("values of variables are never in the trail, their names only where the profile asks for them") {
  for (const char* names : {"false", "true"}) {
    INFO(names);
    const Environment environment;
    environment.add_profile("naming", audit(std::string("environment_names = ") + names + "\n"));
    write_file(environment.workspace() + "/script", "CLAWBOX_TOKEN=hunter2; export CLAWBOX_TOKEN; env >/dev/null; :\n");
    CHECK(run(environment.inside("naming", {"sh", "script"})).status == 0);
    const Trail trail(environment);
    CHECK(trail.execs({"env"}).size() == 1);
    CHECK(trail.text().find("hunter2") == std::string::npos);
    CHECK((trail.text().find("CLAWBOX_TOKEN") != std::string::npos) == (std::string(names) == "true"));
  }
}
