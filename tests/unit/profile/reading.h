// What the tests of profiles share: a search path of its own, and the files of tests/profiles.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "profile/profile.h"
#include "support/temp_dir.h"

namespace clawbox::profile {

/// Three directories of the search path, empty at first.
class Shelves {
 public:
  SearchPath path() const { return {directory_ / "user", directory_ / "administrator", directory_ / "package"}; }
  const test::TempDir& directory() const { return directory_; }

  /// Each writes NAME.toml, after a first line `version = 1`, and returns its path.
  std::string user(const std::string& name, const std::string& toml) const { return put(path().user, name, toml); }
  std::string administrator(const std::string& name, const std::string& toml) const {
    return put(path().administrator, name, toml);
  }
  std::string package(const std::string& name, const std::string& toml) const {
    return put(path().package, name, toml);
  }

  Reading read(const std::string& name) const { return profile::read(name, path()); }

 private:
  static std::string put(const std::string& shelf, const std::string& name, const std::string& toml) {
    return test::write_file(shelf + "/" + name + ".toml", "version = 1\n" + toml);
  }
  test::TempDir directory_;
};

/// The only mistake as "LINE:COLUMN: what"; all of them, one a line, where there are more; "" where there is none.
inline std::string mistakes_of(const Reading& reading) {
  std::string text;
  for (const Diagnostic& mistake : reading.mistakes) {
    if (!text.empty()) text += "\n";
    if (mistake.line > 0) text += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": ";
    text += mistake.what;
  }
  return text;
}

inline std::vector<std::string> paths_of(const std::vector<PathRule>& rules) {
  std::vector<std::string> paths;
  for (const PathRule& rule : rules) paths.push_back(rule.path);
  return paths;
}

/// A file of the source tree. CLAWBOX_TEST_DATA is the tests' directory of it.
inline std::filesystem::path source_file(const std::string& name) {
  const char* tests = std::getenv("CLAWBOX_TEST_DATA");
  if (tests == nullptr) throw std::runtime_error("CLAWBOX_TEST_DATA is not set: run the tests through meson");
  return std::filesystem::path(tests).parent_path() / name;
}

}  // namespace clawbox::profile
