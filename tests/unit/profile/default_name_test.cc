#include "profile/default_name.h"

#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

struct Config {
  test::TempDir directory;
  std::string file = directory / "config.toml";

  explicit Config(const std::string& text) { test::write_file(file, text); }
  std::string mistake() const {
    const DefaultName found = default_name(file);
    REQUIRE(found.mistakes.size() == 1);
    const std::string said = to_string(found.mistakes.front());
    REQUIRE(said.starts_with(file));
    return said.substr(file.size());
  }
};

}  // namespace

TEST_CASE("config.toml names the default profile") {
  const Config config("default_profile = 'strict'\n");
  CHECK(default_name(config.file).name == "strict");
}

TEST_CASE("without a config.toml there is no name and no mistake") {
  const test::TempDir directory;
  const DefaultName found = default_name(directory / "config.toml");
  CHECK_FALSE(found.name);
  CHECK(found.mistakes.empty());
}

TEST_CASE("a config.toml that is no TOML is told with its place and what belongs there") {
  const std::string said = Config("# mine\ndefault_profile = strict\n").mistake();
  CHECK(said.starts_with(":2:"));
  CHECK(said.find(": is not TOML: ") != std::string::npos);
  CHECK(said.find("`default_profile = \"coding\"`") != std::string::npos);
}

TEST_CASE("an unknown key of config.toml is told with its place and the nearest name") {
  CHECK(Config("default_profil = 'strict'\n").mistake() ==
        ":1:1: unknown key 'default_profil', did you mean 'default_profile'?");
}

}  // namespace clawbox::profile
