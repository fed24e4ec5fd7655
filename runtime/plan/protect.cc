#include "plan/protect.h"

#include <algorithm>
#include <map>

#include "plan/paths.h"

namespace clawbox::plan {
namespace {

using Kind = ProtectedPath::Kind;
using What = ProtectedChange::What;

bool same(const ProtectedPath& before, const ProtectedPath& after) {
  if (before.kind != after.kind || before.device != after.device || before.inode != after.inode) return false;
  // A directory's times move with every file in it, and those files are compared themselves.
  if (before.kind == Kind::kDirectory) return true;
  return before.size == after.size && before.modified_ns == after.modified_ns && before.changed_ns == after.changed_ns;
}

std::map<std::string, const ProtectedPath*> by_path(const ProtectedState& state) {
  std::map<std::string, const ProtectedPath*> index;
  for (const ProtectedPath& path : state.paths) index[path.path] = &path;
  return index;
}

bool told_with_its_directory(const ProtectedPath& path, const std::map<std::string, const ProtectedPath*>& others) {
  return path.role == ProtectedPath::Role::kInside && !others.contains(parent_of(path.path));
}

}  // namespace

std::vector<ProtectedChange> changes(const ProtectedState& before, const ProtectedState& after) {
  const auto old_paths = by_path(before), new_paths = by_path(after);
  std::vector<ProtectedChange> found;
  for (const auto& [path, now] : new_paths) {
    const auto old = old_paths.find(path);
    if (old == old_paths.end()) {
      if (!told_with_its_directory(*now, old_paths)) found.push_back({What::kAdded, path});
      continue;
    }
    if (!same(*old->second, *now)) found.push_back({What::kChanged, path});
  }
  for (const auto& [path, old] : old_paths)
    if (!new_paths.contains(path) && !told_with_its_directory(*old, new_paths)) found.push_back({What::kRemoved, path});
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return parent_first(a.path, b.path); });
  return found;
}

}  // namespace clawbox::plan
