// tests/profiles/good and bad: each file is a case of its own, by its name.
#include <algorithm>

#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

std::vector<std::filesystem::path> files_in(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_file(directory))) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Read from copies: whoever checked the sources out may be somebody else than who runs the tests.
void copy_all(const std::string& directory, const test::TempDir& to) {
  for (const auto& file : files_in(directory))
    test::write_file(to / file.filename().string(), test::read_file(file.string()));
}

std::string expectation_in(const std::filesystem::path& file) {
  const std::string text = test::read_file(file.string());
  const std::string mark = "# expect: ";
  REQUIRE(text.starts_with(mark));
  return text.substr(mark.size(), text.find('\n') - mark.size());
}

TEST_CASE("each bad profile is refused with its one mistake, line and column") {
  const test::TempDir copies;
  copy_all("tests/profiles/bad", copies);
  const auto files = files_in("tests/profiles/bad");
  REQUIRE(files.size() >= 40);
  for (const auto& file : files) DYNAMIC_SECTION(file.stem().string()) {
      const Reading reading = read(copies / file.filename().string(), {});
      CHECK_FALSE(reading.profile);
      CHECK(mistakes_of(reading) == expectation_in(file));
    }
}

TEST_CASE("each good profile is read") {
  const test::TempDir copies;
  copy_all("tests/profiles/good", copies);
  for (const auto& file : files_in("tests/profiles/good")) DYNAMIC_SECTION(file.stem().string()) {
      const Reading reading = read(copies / file.filename().string(), {});
      CHECK(mistakes_of(reading) == "");
      CHECK(reading.profile);
    }
}

TEST_CASE("each shipped profile is built in and the same as its file") {
  const test::TempDir copies;
  for (const std::string name : {"base", "coding", "offline", "readonly", "openclaw", "strict"}) DYNAMIC_SECTION(name) {
      const Reading built_in = read(name, {});
      REQUIRE(mistakes_of(built_in) == "");
      CHECK_FALSE(built_in.profile->description.empty());
      CHECK(built_in.profile->tests.size() >= 2);

      test::write_file(copies / (name + ".toml"), test::read_file(source_file("profiles/" + name + ".toml").string()));
      const auto from_file = shown(*read(copies / (name + ".toml"), {}).profile);
      const auto from_program = shown(*built_in.profile);
      REQUIRE(from_file.size() == from_program.size());
      for (std::size_t i = 0; i < from_file.size(); ++i) CHECK(from_file[i].value == from_program[i].value);
    }
}

}  // namespace
}  // namespace clawbox::profile
