#include <algorithm>

#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

TEST_CASE("nothing of the caller's environment passes unnamed") {
  World world;
  world.host.environment.emplace_back("AWS_SECRET_ACCESS_KEY", "x");
  CHECK(!variable(world.plan(), "AWS_SECRET_ACCESS_KEY"));
}

TEST_CASE("a named variable passes, and one of a named family") {
  World world;
  world.host.environment.emplace_back("LC_TIME", "C");
  world.profile.environment.pass = {{"LANG", {}}, {"LC_*", {}}};
  const Plan plan = world.plan();
  CHECK(variable(plan, "LANG") == "C.UTF-8");
  CHECK(variable(plan, "LC_TIME") == "C");
}

TEST_CASE("a variable that steers a loader or interpreter is never passed on") {
  World world;
  for (const char* name :
       {"LD_PRELOAD", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "GIT_SSH_COMMAND", "PERL5LIB", "RUBYOPT"}) {
    world.host.environment.emplace_back(name, "x");
    world.profile.environment.pass.push_back({name, {}});
  }
  world.profile.environment.pass.push_back({"*", {}});
  const Plan plan = world.plan();
  for (const char* name :
       {"LD_PRELOAD", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "GIT_SSH_COMMAND", "PERL5LIB", "RUBYOPT"})
    CHECK(!variable(plan, name));
}

TEST_CASE("a value that the profile writes down is set, whatever its name") {
  World world;
  world.profile.environment.set["PYTHONUNBUFFERED"] = {"1", {"try.toml", 30}};
  CHECK(variable(world.plan(), "PYTHONUNBUFFERED") == "1");
}

TEST_CASE("--env wins over the profile") {
  World world;
  world.profile.environment.set["MODE"] = {"profile", {}};
  world.request.env = {{"MODE", "first"}, {"MODE", "last"}};
  CHECK(variable(world.plan(), "MODE") == "last");
}

TEST_CASE("--env with an impossible name is refused") {
  World world;
  world.request.env = {{"1X", "x"}};
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("a value with a NUL byte is refused") {
  World world;
  world.request.env = {{"X", std::string("a\0b", 3)}};
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("a function exported by a shell does not pass") {
  World world;
  world.host.environment.emplace_back("BASH_FUNC_ls%%", "() { x; }");
  world.profile.environment.pass = {{"BASH*", {}}};
  CHECK(!variable(world.plan(), "BASH_FUNC_ls%%"));
}

TEST_CASE("PATH keeps what can be seen and not written, in order") {
  World world;
  world.files.directory("/home/ann/project/bin");
  world.host.environment[0].second = ".:/home/ann/project/bin:/usr/local/bin::/srv:/bin:/usr/bin:relative:/tmp";
  CHECK(variable(world.plan(), "PATH") == "/usr/local/bin:/bin:/usr/bin");
}

TEST_CASE("a PATH of which nothing can be seen becomes the usual one") {
  World world;
  world.host.environment[0].second = "/srv";
  CHECK(variable(world.plan(), "PATH")->starts_with("/usr/local/bin:/usr/bin:/bin"));
}

TEST_CASE("the session says what it is") {
  World world;
  world.request.env = {{"CLAWBOX", "0"}};
  const Plan plan = world.plan();
  CHECK(variable(plan, "CLAWBOX") == "1");
  CHECK(variable(plan, "CLAWBOX_PROFILE") == "try");
  CHECK(variable(plan, "HOME") == "/home/ann");
  CHECK(variable(plan, "USER") == "ann");
}

TEST_CASE("SHELL is a shell that can be seen") {
  World world;
  CHECK(variable(world.plan(), "SHELL") == "/bin/bash");
  world.hide("/usr/bin/bash");
  CHECK(variable(world.plan(), "SHELL") == "/bin/sh");
}

TEST_CASE("variables are sorted by name") {
  const Plan plan = World().plan();
  CHECK(std::is_sorted(plan.command.environment.begin(), plan.command.environment.end()));
}
