// What is made from the table of keys: the schema, the documentation, and values as they are shown. To write the first
// two anew: CLAWBOX_GOLDEN_UPDATE=1 ./unit-profile
#include <cstdlib>

#include "base/json.h"
#include "profile/keys.h"
#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

TEST_CASE("profiles/schema.json is what the table says") {
  const std::string file = source_file("profiles/schema.json").string();
  if (std::getenv("CLAWBOX_GOLDEN_UPDATE") != nullptr) test::write_file(file, json_schema());
  CHECK(test::read_file(file) == json_schema());
}

TEST_CASE("profiles/README.md has the table of keys that the program makes") {
  const std::string file = source_file("profiles/README.md").string(), made = keys_as_markdown();
  std::string readme = test::read_file(file);
  if (std::getenv("CLAWBOX_GOLDEN_UPDATE") != nullptr) {
    readme = readme.substr(0, readme.find(made.substr(0, made.find('\n') + 1))) + made;
    test::write_file(file, readme);
  }
  CHECK(readme.ends_with(keys_as_markdown()));
}

TEST_CASE("the schema knows each key and each edit of a list") {
  const Json schema = Json::parse(json_schema());
  for (const Key& key : keys()) {
    const std::string table(table_of(key.name)), name(last_part(key.name));
    const Json& known = table.empty() ? schema["properties"] : schema["properties"][table]["properties"];
    INFO(key.name);
    CHECK(known.contains(name));
    CHECK(known.contains(name + "_add") == is_list(key.kind));
  }
}

TEST_CASE("each key is documented and its example is read") {
  for (const Key& key : keys()) {
    const std::string table(table_of(key.name));
    if (table == "lock" || key.name == "version") continue;
    DYNAMIC_SECTION(key.name) {
      CHECK(key.summary.ends_with('.'));
      const Shelves shelves;
      shelves.user("tried", (table.empty() ? "" : "[" + table + "]\n") + std::string(key.example) + "\n");
      CHECK(mistakes_of(shelves.read("tried")) == "");
    }
  }
}

TEST_CASE("what is shown of a profile reads back as the same profile") {
  const Profile coding = *read("coding", {}).profile;
  std::string toml;
  for (const Key& key : keys()) {
    std::string entries;
    bool found = false;
    for (const ShownValue& value : shown(coding)) {
      if (value.key != key.name) continue;
      found = true;
      entries += (entries.empty() ? "" : ", ") + value.value;
    }
    const bool list = is_list(key.kind) || key.kind == Kind::kTests;
    if (found) toml += std::string(key.name) + " = " + (list ? "[" + entries + "]" : entries) + "\n";
  }
  const Shelves shelves;
  shelves.user("again", toml);
  const Reading again = shelves.read("again");
  REQUIRE(mistakes_of(again) == "");
  const auto before = shown(coding), after = shown(*again.profile);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(before[i].value == after[i].value);
}

TEST_CASE("a value is shown with its origin, each entry of a list with its own") {
  const Shelves shelves;
  shelves.user("mine", "extends = 'base'\nfiles.read_add = [{ path = '/srv/x?', reason = 'say \"why\"' }]\n");
  const auto all = shown(*shelves.read("mine").profile);
  const auto entry = std::find_if(
      all.begin(), all.end(), [](const ShownValue& value) { return value.value.find("/srv/x") != std::string::npos; });
  REQUIRE(entry != all.end());
  CHECK(entry->key == "files.read");
  CHECK(entry->value == R"({ path = "/srv/x?", reason = "say \"why\"" })");
  CHECK(entry->origin.line == 3);
}

}  // namespace
}  // namespace clawbox::profile
