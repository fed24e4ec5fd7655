#include "plan/protected_names.h"

#include <fnmatch.h>

#include <algorithm>

#include "plan/paths.h"
#include "plan/protect.h"

namespace clawbox::plan {
namespace {

std::vector<std::string> folded_parts(const std::string& path) {
  std::vector<std::string> parts = parts_of(path);
  for (std::string& part : parts) part = folded_name(part);
  return parts;
}

bool part_matches(const std::string& pattern, const std::string& name) {
  return pattern == name || (is_pattern(pattern) && ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0);
}

}  // namespace

ProtectedNames::ProtectedNames(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) patterns_.push_back(folded_parts(pattern));
  std::erase_if(patterns_, [](const auto& parts) { return parts.empty(); });
}

bool ProtectedNames::name(const std::string& path, Kind kind) const {
  const std::vector<std::string> parts = folded_parts(path);
  if (kind == Kind::kOther && !parts.empty() && parts.back() == ".git") return true;
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
    return std::search(parts.begin(), parts.end(), pattern.begin(), pattern.end(),
                       [](const auto& name, const auto& part) { return part_matches(part, name); }) != parts.end();
  });
}

}  // namespace clawbox::plan
