// No mount point, ghost file or link target appears on the host: everything is made inside the mount namespace.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "support/catch.h"
#include "support/environment.h"
#include "support/listing.h"

using namespace clawbox::test;

namespace {

// 'strict' does not run without control groups, which most machines of tests lack; nothing here is about caps.
constexpr const char* kStrictWithoutGroups =
    "version = 1\nextends = 'strict'\n[limits]\nfallback = 'rlimit'\nallow_missing = ['swap', 'cpu']\n";

}  // namespace

TEST_CASE("a run leaves home and workspace as they were") {
  for (const char* profile : {"coding", "offline", "openclaw", "readonly", "strict"}) {
    const Environment environment;
    environment.add_profile("strict", kStrictWithoutGroups);
    write_file(environment.workspace() + "/source.c", "int main;\n");
    write_file(environment.workspace() + "/.vscode/tasks.json", "{}\n");
    write_file(environment.home() + "/.ssh/id_rsa", "planted\n");
    const auto before = listing(environment.home());
    INFO(profile);
    CHECK(run(environment.inside(profile, {"true"})).status == 0);
    CHECK(listing(environment.home()) == before);
  }
}

TEST_CASE("a killed run leaves home and workspace as they were") {
  const Environment environment;
  write_file(environment.workspace() + "/.git/config", "[core]\n");
  const auto before = listing(environment.home());
  Running running(environment.inside("coding", {"sh", "-c", "echo ready; read line"}));
  running.read_until("ready\n");
  running.send(SIGKILL);
  running.wait();
  CHECK(listing(environment.home()) == before);
}

TEST_CASE("a mount point through a link in the workspace makes nothing outside") {
  const Environment environment;
  const std::string victim = make_directory(environment.directory() / "victim");
  std::filesystem::create_symlink(victim, environment.workspace() + "/link");
  environment.add_profile("through-link",
                          "version = 1\nextends = 'coding'\n[files]\n"
                          "read_add = [{ path = '/etc/hostname', at = '" +
                              environment.workspace() + "/link/made' }]\n");
  const Finished finished = run(environment.inside("through-link", {"true"}));
  INFO(finished.err);
  CHECK(listing(victim).empty());
  CHECK(finished.status != 0);  // refused, not carried out somewhere else
}

TEST_CASE("protected names that are links do not lead the mounts outside") {
  const Environment environment;
  const std::string victim = make_directory(environment.directory() / "victim");
  write_file(victim + "/config", "before\n");
  std::filesystem::create_symlink(victim, environment.workspace() + "/.git");
  std::filesystem::create_symlink("/etc", environment.workspace() + "/.vscode");
  std::filesystem::create_symlink("/proc/self/fd", environment.workspace() + "/.idea");
  const auto before = listing(victim);
  const Finished finished = run(environment.inside("coding", {"sh", "-c", "echo x >> .git/config; echo alive"}));
  INFO(finished.err);
  CHECK(listing(victim) == before);
  CHECK(read_file(victim + "/config") == "before\n");
}

TEST_CASE("a path replaced while the sandbox is set up never leads outside") {
  const Environment environment;
  const std::string victim = make_directory(environment.directory() / "victim");
  write_file(victim + "/hooks/keep", "before\n");
  const std::string git = environment.workspace() + "/.git";
  make_directory(git + "/hooks");
  std::filesystem::create_symlink(victim, environment.workspace() + "/.link");
  Command renamer =
      environment.outside({"/bin/sh", "-c", "while :; do mv .git .a; mv .link .git; mv .git .link; mv .a .git; done"});
  const auto before = listing(victim);
  const Running racing(renamer);
  for (int round = 0; round < 40; ++round) {
    const Finished finished =
        run(environment.inside("coding", {"sh", "-c", "echo > .git/hooks/made; echo > .link/made; :"}));
    INFO("round " << round << ": " << finished.err);
    CHECK(!finished.overdue);
  }
  CHECK(listing(victim) == before);
}
