#include "review/links.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "review/tree.h"

namespace clawbox::review {

bool leads_outside(std::string_view path, std::string_view points_to, std::string_view workspace) {
  std::ptrdiff_t depth = std::count(path.begin(), path.end(), '/');
  if (points_to.starts_with('/')) {
    if (!is_at_or_below(points_to, workspace)) return true;
    points_to.remove_prefix(workspace.size());
    depth = 0;
  }
  bool named = false;
  for (const std::string& part : split(points_to, '/')) {
    if (part == ".." && (named || --depth < 0)) return true;
    named |= !part.empty() && part != "." && part != "..";
  }
  return false;
}

bool is_clawbox_own(std::string_view path) { return path.starts_with(kStagingPrefix); }

}  // namespace clawbox::review
