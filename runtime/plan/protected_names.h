// The patterns of protect.h asked about a path alone, which need not exist: what a session wrote is looked at before it
// is anywhere.
#pragma once

#include <string>
#include <vector>

namespace clawbox::plan {

class ProtectedNames {
 public:
  explicit ProtectedNames(const std::vector<std::string>& patterns);

  /// Whether a pattern names `path`, which is relative to the workspace, or a directory above it. Patterns hold in
  /// every directory, since any may be entered or opened as a project of its own. A `.git` that is no directory names
  /// another one, and is always named.
  enum class Kind { kDirectory, kOther };
  bool name(const std::string& path, Kind kind) const;

 private:
  std::vector<std::vector<std::string>> patterns_;  // their parts, folded
};

}  // namespace clawbox::plan
