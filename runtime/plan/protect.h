// Files of a workspace that make the host run code later: hooks, settings of editors and agents, shell start-up files.
//
// Patterns are relative: ".git/hooks", ".vscode", ".github/workflows/*". They hold at the top of the workspace and in
// every nested repository; names are compared as file systems that fold case, drop ignorable characters or keep short
// names would compare them (".GIT", "git~1"). The walk takes nothing on trust: it starts from one descriptor and goes
// on with openat2(2), RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS (Linux 5.6).
//
// It does not protect: names that no pattern has, what lies deeper than kWalkDepth or behind kWalkEntries names, and
// what a link leads to outside the workspace.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace clawbox::plan {

inline constexpr unsigned kWalkDepth = 6;
inline constexpr unsigned kWalkEntries = 20'000;

/// One path below the workspace, as it was seen.
struct ProtectedPath {
  enum class Kind { kFile, kDirectory, kSymlink, kOther } kind = Kind::kFile;
  /// kNamed: a pattern says this very path, it becomes read-only. kWay: a directory that leads to such a path, or a
  /// `.git`: writable, and must keep its name. kInside: below a named directory; only watched.
  enum class Role { kNamed, kWay, kInside } role = Role::kNamed;
  std::string path;  // relative to the workspace
  uint64_t device = 0, inode = 0;
  int64_t size = 0;
  int64_t modified_ns = 0, changed_ns = 0;
  std::string pattern;  // that names it or what is below it, as given; empty: none, it is here as part of a repository
};

struct ProtectedState {
  std::vector<ProtectedPath> paths;  // sorted by path, no path twice
  enum class Walk { kWhole, kCutShort } walk = Walk::kWhole;
};

/// What of `patterns` exists below `workspace` now. Throws SysError when the workspace itself cannot be opened.
ProtectedState snapshot(const std::string& workspace, const std::vector<std::string>& patterns);

struct ProtectedChange {
  enum class What { kAdded, kChanged, kRemoved } what = What::kAdded;
  std::string path;
};

/// By identity: device, inode and kind; for files also size, mtime and ctime. A new directory is told once, without
/// what is in it, but for repositories, whose hooks and configuration are told too. Sorted by path.
std::vector<ProtectedChange> changes(const ProtectedState& before, const ProtectedState& after);

/// A name as the most forgiving file system would read it: lower case, without ignorable characters, "git~1" as ".git".
std::string folded_name(const std::string& name);

}  // namespace clawbox::plan
