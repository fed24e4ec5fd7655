#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

Profile profile_of(const std::string& toml) {
  const Shelves shelves;
  shelves.user("tried", toml);
  const Reading reading = shelves.read("tried");
  INFO(mistakes_of(reading));
  REQUIRE(reading.profile);
  return *reading.profile;
}

std::string shown_value(const Profile& profile, const std::string& key) {
  std::string values;
  for (const ShownValue& value : shown(profile))
    if (value.key == key) values += value.value + "\n";
  return values;
}

}  // namespace

TEST_CASE("a list of hosts is empty where nothing is said") {
  CHECK(profile_of("").network.allow.empty());
  CHECK(profile_of("[network]\nmode = 'allowlist'\n").network.mode.value == NetworkMode::kAllowlist);
  CHECK(profile_of("[network]\nmode = 'allowlist'\n").network.allow.empty());
}

TEST_CASE("an entry is a host, a wildcard, an address, a prefix or a preset") {
  const auto allow = profile_of(
                         "[network]\nallow = ['Git.Example.', '*.npm.example', '10.0.0.0/8', { address = "
                         "'2001:db8::1', ports = [22] },\n"
                         "{ preset = 'npm', reason = 'installs' }]\n")
                         .network.allow;
  REQUIRE(allow.size() == 5);
  CHECK(to_string(*allow[0].target) == "git.example");
  CHECK(to_string(*allow[1].target) == "*.npm.example");
  CHECK(to_string(*allow[2].target) == "10.0.0.0/8");
  CHECK(to_string(*allow[3].target) == "2001:db8::1");
  CHECK(allow[4].preset == "npm");
  CHECK(allow[4].reason == "installs");
  CHECK(allow[4].origin.line == 4);
}

TEST_CASE("ports are put in order and joined where they touch") {
  const auto allow =
      profile_of("[network]\nallow = [{ host = 'a.example', ports = [443, '8000-8010', 22, 8011, '8005-8020'] }]\n")
          .network.allow;
  CHECK(to_string(allow.at(0).ports) == "22, 443, 8000-8020");
}

TEST_CASE("a child adds to the list and takes from it, by name or by name and ports") {
  const Shelves shelves;
  shelves.user("parent",
               "[network]\nallow = ['a.example', { host = 'b.example', ports = [22] }, { host = 'b.example', ports = "
               "[443] }]\n");
  shelves.user("child",
               "extends = 'parent'\n[network]\nallow_add = ['c.example']\nallow_remove = ['A.example', { host = "
               "'b.example', ports = [22] }]\n");
  const Reading reading = shelves.read("child");
  INFO(mistakes_of(reading));
  REQUIRE(reading.profile);
  CHECK(shown_value(*reading.profile, "network.allow") ==
        "{ host = \"b.example\", ports = [443] }\n{ host = \"c.example\" }\n");
}

TEST_CASE("the administrator can lock the list") {
  const Shelves shelves;
  shelves.administrator("lock", "[network]\nallow = ['mirror.example']\n[lock]\nkeys = ['network.allow']\n");
  shelves.user("tried", "[network]\nallow_add = ['evil.example']\n");
  const Reading reading = shelves.read("tried");
  CHECK_FALSE(reading.profile);
  CHECK(reading.refused);
}

TEST_CASE("publish and host ports are read with their defaults") {
  const auto network =
      profile_of("[network]\npublish = ['8080:3000', '[::1]:9:10', '0.0.0.0:80:8080', '3000']\nhost_ports = [5432]\n")
          .network;
  REQUIRE(network.publish.size() == 4);
  CHECK(to_string(network.publish[0].value) == "127.0.0.1:8080:3000");
  CHECK(to_string(network.publish[1].value) == "[::1]:9:10");
  CHECK(to_string(network.publish[2].value) == "0.0.0.0:80:8080");
  CHECK(to_string(network.publish[3].value) == "127.0.0.1:3000:3000");
  CHECK(network.host_ports.at(0).value == 5432);
}

}  // namespace clawbox::profile
