#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

TEST_CASE("an ordinary caller keeps his own id inside") {
  const Identity identity = World().plan().identity;
  CHECK(identity.uid == 1000);
  REQUIRE(identity.uid_map.size() == 1);
  CHECK(identity.uid_map[0].inside == 1000);
  CHECK(identity.uid_map[0].host == 1000);
  CHECK(identity.writer == Identity::Writer::kSelf);
}

TEST_CASE("as_root maps the caller to 0 and names him root") {
  World world;
  world.profile.identity.as_root.value = true;
  const Identity identity = world.plan().identity;
  CHECK(identity.uid == 0);
  CHECK(identity.uid_map[0].host == 1000);
  CHECK(identity.user == "root");
  CHECK(identity.home == "/home/ann");
}

TEST_CASE("supplementary groups that stay are told, and none means nothing to tell") {
  World world;
  CHECK(!has_shortfall(world.plan(), "supplementary"));
  world.host.groups = {27, 998};
  CHECK(has_shortfall(world.plan(), "supplementary"));
}

TEST_CASE("subordinate ids fill the range around the caller's") {
  World world;
  world.profile.identity.subordinate_ids.value = true;
  world.host.id_map_programs = true;
  world.host.subordinate_uids = world.host.subordinate_gids = clawbox::plan::SubordinateIds{100000, 65536};
  const Identity identity = world.plan().identity;
  CHECK(identity.writer == Identity::Writer::kHelper);
  CHECK(identity.groups == Identity::Groups::kDropped);
  REQUIRE(identity.uid_map.size() == 3);
  CHECK(identity.uid_map[0].count == 1000);
  CHECK(identity.uid_map[1].host == 1000);
  CHECK(identity.uid_map[2].inside == 1001);
  CHECK(identity.uid_map[2].host == 101000);
  CHECK(identity.uid_map[2].count == 64535);
}

TEST_CASE("subordinate ids without a range are refused with a remedy") {
  World world;
  world.profile.identity.subordinate_ids.value = true;
  world.host.id_map_programs = true;
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
  CHECK(world.refusal().remedy().find("usermod") != std::string::npos);
}

TEST_CASE("subordinate ids without the programs are refused") {
  World world;
  world.profile.identity.subordinate_ids.value = true;
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
}

TEST_CASE("root's session runs on a host id that owns nothing, and looks like the workspace's owner") {
  World world;
  world.become_root();
  const Identity identity = world.plan().identity;
  CHECK(identity.uid == 1000);
  CHECK(identity.user == "ann");
  CHECK(identity.uid_map[0].host == 1'900'004'242);
  CHECK(identity.writer == Identity::Writer::kRoot);
  CHECK(identity.groups == Identity::Groups::kDropped);
  REQUIRE(identity.file_owner);
  CHECK(identity.file_owner->host == 1000);
  CHECK(identity.file_owner->inside == 1'900'004'242);
}

TEST_CASE("root's workspace is mapped and the system is not") {
  World world;
  world.become_root();
  const Plan plan = world.plan();
  CHECK(step_at<Bind>(plan, "/home/ann/project")->ownership == Ownership::kMapped);
  CHECK(step_at<Bind>(plan, "/usr")->ownership == Ownership::kAsOnHost);
}

TEST_CASE("an ordinary caller's workspace is not mapped") {
  CHECK(step_at<Bind>(World().plan(), "/home/ann/project")->ownership == Ownership::kAsOnHost);
}

TEST_CASE("root without a workspace is root inside and nobody outside") {
  World world;
  world.become_root();
  world.profile.workspace.mode.value = profile::WorkspaceMode::kNone;
  const Identity identity = world.plan().identity;
  CHECK(identity.uid == 0);
  CHECK(identity.uid_map[0].host == 1'900'004'242);
  CHECK(!identity.file_owner);
}

TEST_CASE("a service account's home does not cover the system") {
  World world;
  world.host.home = std::string("/");
  CHECK(world.plan().identity.home == "/home/ann");
}
