// What a program finds around it: environment, directory, names, identity, workspace.
#include <unistd.h>

#include "base/exit_status.h"
#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;
using clawbox::ExitStatus;

namespace {

std::vector<std::string> script(const std::string& text) { return {"sh", "-c", text}; }

std::string extending(const std::string& text) { return "version = 1\nextends = 'coding'\n" + text; }

}  // namespace

TEST_CASE("only variables that the profile names pass") {
  Environment environment;
  environment.set("MY_API_KEY", "sesame");
  environment.set("LANG", "C.UTF-8");
  CHECK(run(environment.outside({"env"})).out.find("sesame") != std::string::npos);
  const std::string inside = run(environment.inside("coding", {"env"})).out;
  CHECK(inside.find("sesame") == std::string::npos);
  CHECK(inside.find("LANG=C.UTF-8") != std::string::npos);
  CHECK(inside.find("PATH=") != std::string::npos);
  CHECK(inside.find("HOME=") != std::string::npos);
}

TEST_CASE("a variable given on the command line passes") {
  const Environment environment;
  const Finished finished =
      run(environment.clawbox({"run", "--env", "GREETING=hello there", "--", "sh", "-c", "echo $GREETING"}));
  CHECK(finished.out == "hello there\n");
}

TEST_CASE("the command starts in the caller's directory") {
  const Environment environment;
  CHECK(run(environment.inside("coding", {"pwd"})).out == environment.workspace() + "\n");
}

TEST_CASE("--workdir names another directory of the workspace") {
  const Environment environment;
  make_directory(environment.workspace() + "/sub/deep");
  const std::string deep = environment.workspace() + "/sub/deep";
  CHECK(run(environment.clawbox({"run", "--workdir", deep, "--", "pwd"})).out == deep + "\n");
  const Finished absent = run(environment.clawbox({"run", "--workdir", deep + "/none", "--", "pwd"}));
  CHECK(absent.status == static_cast<int>(ExitStatus::kUsage));
  CHECK(absent.err.find("remedy: create it first") != std::string::npos);
}

TEST_CASE("--workspace names the workspace, wherever the caller is") {
  const Environment environment;
  Command command = environment.clawbox({"run", "--workspace", environment.workspace(), "--", "touch", "made"});
  command.directory.assign(1, '/');  // a literal makes g++ 12 warn of an overlap that cannot be
  const Finished finished = run(command);
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(std::filesystem::exists(environment.workspace() + "/made"));
}

TEST_CASE("the host's network is said in a line of its own, which --quiet does not hide") {
  const Environment environment;
  environment.add_profile("open", "version = 1\nextends = 'coding'\n[network]\nmode = 'host'\n");
  const Command loud = environment.inside("open", {"true"});
  const Command quiet = environment.clawbox({"run", "--quiet", "--profile", "open", "--", "true"});
  for (const Command& command : {loud, quiet}) {
    const Finished finished = run(command);
    INFO(finished.err);
    CHECK(finished.err.find("clawbox: network is open: network.mode = \"host\"") != std::string::npos);
  }
  CHECK(run(environment.clawbox({"run", "--quiet", "--", "true"})).err.find("network") == std::string::npos);
}

TEST_CASE("the host name is the profile's") {
  const Environment environment;
  environment.add_profile("named", extending("[identity]\nhostname = 'workbench'\n"));
  CHECK(run(environment.inside("named", {"uname", "-n"})).out == "workbench\n");
  CHECK(run(environment.outside({"uname", "-n"})).out != "workbench\n");
}

TEST_CASE("the user inside has the caller's number and a name") {
  const Environment environment;
  CHECK(run(environment.inside("coding", {"id", "-u"})).out == std::to_string(::geteuid()) + "\n");
  const Finished named = run(environment.inside("coding", {"id", "-un"}));
  CHECK(named.status == 0);
}

TEST_CASE("as_root gives user 0 inside and no power") {
  const Environment environment;
  environment.add_profile("rooted", extending("[identity]\nas_root = true\n"));
  CHECK(run(environment.inside("rooted", {"id", "-u"})).out == "0\n");
  const std::string sets = run(environment.inside("rooted", script("grep ^Cap /proc/self/status"))).out;
  CHECK(sets.find("CapEff:\t0000000000000000") != std::string::npos);
  CHECK(sets.find("CapBnd:\t0000000000000000") != std::string::npos);
  CHECK(run(environment.inside("rooted", script("mount -t tmpfs none /tmp"))).status != 0);
}

TEST_CASE("a read-only workspace can be read and not written") {
  const Environment environment;
  write_file(environment.workspace() + "/file", "text\n");
  CHECK(run(environment.inside("readonly", {"cat", "file"})).out == "text\n");
  CHECK(run(environment.inside("readonly", script("echo more >> file"))).status != 0);
  CHECK(run(environment.inside("readonly", {"touch", "made"})).status != 0);
  CHECK(run(environment.inside("coding", {"touch", "made"})).status == 0);
}

TEST_CASE("without a workspace nothing of the caller's directory is there") {
  const Environment environment;
  const std::string path = write_file(environment.workspace() + "/file", "text\n");
  environment.add_profile("bare", "version = 1\nextends = 'base'\n");
  CHECK(run(environment.inside("bare", {"cat", path})).status != 0);
  CHECK(run(environment.inside("bare", {"true"})).status == 0);
}

TEST_CASE("the home is empty but for what the profile names") {
  const Environment environment;
  write_file(environment.home() + "/.ssh/id_rsa", "planted\n");
  write_file(environment.home() + "/.gitconfig", "[user]\n\tname = A\n");
  CHECK(run(environment.inside("coding", script("cat ~/.gitconfig"))).out == "[user]\n\tname = A\n");
  CHECK(run(environment.inside("coding", script("ls ~/.ssh"))).status != 0);
  CHECK(run(environment.outside(script("cat ~/.ssh/id_rsa"))).out == "planted\n");
}

TEST_CASE("the home inside takes files, which are gone with the run") {
  const Environment environment;
  CHECK(run(environment.inside("coding", script("echo x > ~/.cache-file && cat ~/.cache-file"))).out == "x\n");
  CHECK(!std::filesystem::exists(environment.home() + "/.cache-file"));
}

TEST_CASE("/tmp is private to the run") {
  const Environment environment;
  CHECK(run(environment.inside("coding", script("echo x > /tmp/clawbox-private && cat /tmp/clawbox-private"))).out ==
        "x\n");
  CHECK(!std::filesystem::exists("/tmp/clawbox-private"));
}
