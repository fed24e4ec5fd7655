// Compared with tests/golden/: a change of what `explain` prints is seen in review. To write the files anew:
// CLAWBOX_GOLDEN_UPDATE=1 CLAWBOX_TEST_DATA=tests ./unit-plan
#include <cstdlib>

#include "plan/explain.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;
using clawbox::plan::explained;
using clawbox::plan::explained_as_json;
using clawbox::plan::json_text;

namespace {

std::string golden_path(const std::string& name) {
  const char* data = ::getenv("CLAWBOX_TEST_DATA");
  return std::string(data ? data : "tests") + "/golden/" + name;
}

void check_golden(const std::string& name, const std::string& text) {
  if (::getenv("CLAWBOX_GOLDEN_UPDATE") != nullptr) clawbox::test::write_file(golden_path(name), text);
  CHECK(text == clawbox::test::read_file(golden_path(name)));
}

World typical() {
  using Path = clawbox::plan::ProtectedPath;
  World world;
  world.profile.description = "Edit and build one repository";
  world.hide("/etc/shadow");
  world.read_if_there("~/.gitconfig");
  world.profile.files.protect.push_back({".git/hooks", true, "", "", {"try.toml", 20}});
  world.files.protects({{protected_path(".git", Path::Role::kWay, Path::Kind::kDirectory, ".git/hooks"),
                         protected_path(".git/hooks", Path::Role::kNamed, Path::Kind::kDirectory, ".git/hooks")},
                        {}});
  world.profile.limits.memory = Decided<uint64_t>{4ULL << 30, {"try.toml", 40}};
  world.profile.limits.processes = Decided<uint64_t>{512, {"try.toml", 41}};
  world.profile.limits.time = Decided<std::chrono::milliseconds>{std::chrono::hours(2), {"try.toml", 42}};
  world.profile.environment.pass = {{"LANG", {"try.toml", 50}}};
  world.profile.syscalls.allow = {{"@default", {}, "EPERM", "", {"try.toml", 60}}};
  world.profile.syscalls.refuse = {
      {"ioctl", {{1, 0xffffffff, 0x5412}}, "EPERM", "types into the terminal", {"try.toml", 61}}};
  world.request.argv = {"make", "-j2", "name with space"};
  return world;
}

}  // namespace

TEST_CASE("explain prints an ordinary caller's plan") { check_golden("ordinary.txt", explained(typical().plan())); }

TEST_CASE("explain --json prints an ordinary caller's plan") {
  check_golden("ordinary.json", json_text(explained_as_json(typical().plan())));
}

TEST_CASE("explain prints root's plan with the host's network") {
  World world = typical();
  world.become_root();
  world.profile.network.mode = {profile::NetworkMode::kHost, {"try.toml", 70}};
  check_golden("root.txt", explained(world.plan()));
}

TEST_CASE("explain writes no control character of a name to the terminal") {
  World world;
  world.request.argv = {"x\x1b]0;title\x07"};
  world.profile.description = "\x1b[2J";
  world.files.file("/srv/\x1b[31m");
  world.read("/srv/\x1b[31m");
  CHECK(explained(world.plan()).find('\x1b') == std::string::npos);
}

TEST_CASE("names that are not UTF-8 do not stop the JSON") {
  World world;
  world.request.argv = {"\xff\xfe"};
  const std::string text = json_text(explained_as_json(world.plan()));
  CHECK(Json::parse(text)["command"]["argv"].size() == 1);
}

TEST_CASE("every step of the plan is in the JSON, in order, with its origin") {
  const Plan plan = typical().plan();
  const Json json = explained_as_json(plan);
  REQUIRE(json["mounts"].size() == plan.mounts.size());
  for (std::size_t at = 0; at < plan.mounts.size(); ++at) {
    CHECK(json["mounts"][at]["target"] == clawbox::plan::target_of(plan.mounts[at].action));
    CHECK(json["mounts"][at]["origin"] == to_string(plan.mounts[at].origin));
  }
}

TEST_CASE("each value of the identity has its origin") {
  World world;
  world.profile.identity.as_root = {true, {"try.toml", 30}};
  world.profile.identity.hostname = {"box", {"try.toml", 31}};
  world.profile.identity.nested_user_namespaces = {true, {"try.toml", 32}};
  const Plan plan = world.plan();
  CHECK(explained_as_json(plan)["identity"]["origins"] == Json({{"as_root", "try.toml:30"},
                                                                {"ids", "default"},
                                                                {"home", "host"},
                                                                {"hostname", "try.toml:31"},
                                                                {"nested_user_namespaces", "try.toml:32"}}));
  for (const char* origin : {"(try.toml:30: root inside)", "(try.toml:31)", "(try.toml:32: the profile allows some)"})
    CHECK(explained(plan).find(origin) != std::string::npos);
}
