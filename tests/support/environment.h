// A user's world for one test: home, workspace, and XDG directories of its own, so that nothing of the real user's is
// read or written; and the words that start the `clawbox` under test in it.
//
// CLAWBOX_BIN is the program under test, CLAWBOX_TEST_PROBES the directory of the programs that run inside.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/run.h"
#include "support/temp_dir.h"

namespace clawbox::test {

std::string clawbox_binary();
/// A program that is made to run inside, such as "probe".
std::string probe_binary(const std::string& name);

/// A Chromium without a screen, under whatever name.
std::optional<std::string> find_browser();

class Environment {
 public:
  Environment();

  const std::string& home() const { return home_; }
  const std::string& workspace() const { return workspace_; }
  const TempDir& directory() const { return directory_; }
  std::string state() const { return directory_ / "state"; }
  std::string runtime() const { return directory_ / "runtime"; }

  /// "NAME=value", as a program started by this user gets them.
  std::vector<std::string> variables() const { return variables_; }
  void set(const std::string& name, const std::string& value);

  /// Puts `name`.toml where the user's profiles are.
  std::string add_profile(const std::string& name, const std::string& toml) const;
  /// Copies a probe into the workspace, where every profile shows it; the path is inside's too.
  std::string add_probe(const std::string& name) const;

  /// `clawbox WORDS…`, in the workspace.
  Command clawbox(std::vector<std::string> words) const;
  /// `clawbox run --profile PROFILE -- WORDS…`, in the workspace.
  Command inside(const std::string& profile, std::vector<std::string> words) const;
  /// The same words outside: the positive control.
  Command outside(std::vector<std::string> words) const;

 private:
  TempDir directory_;
  std::string home_, workspace_;
  std::vector<std::string> variables_;
};

/// What `clawbox doctor` says of the first of these probes that fails here, as the reason of a skip; nothing where all
/// work.
std::optional<std::string> lacking(const Environment& environment, const std::vector<std::string>& probes);

}  // namespace clawbox::test
