#include <algorithm>

#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

void add_hidden(const ViewContext& context, const FoundPath& found, std::vector<HiddenPath>& hidden) {
  hidden.push_back({found.source, found.target, found.rule, found.facts.kind});
  const bool plain = found.facts.kind != FileKind::kSymlink && found.facts.way == FileFacts::Way::kPlain;
  if (plain) return;
  // A link cannot be mounted over and says little; what it leads to is what has to go.
  const std::optional<std::string> real = context.inputs.files.real_path(found.source);
  if (real) hidden.push_back({*real, inside_place(context.workspace, *real), found.rule, FileKind::kFile});
}

}  // namespace

std::vector<HiddenPath> hidden_paths(const ViewContext& context) {
  std::vector<HiddenPath> hidden;
  for (const FoundPath& found : context.hide.found) add_hidden(context, found, hidden);
  return hidden;
}

const HiddenPath* hider_of(const std::vector<HiddenPath>& hidden, const Bind& bind) {
  // By its place and by what it shows: a bind with another name for a hidden file is still that file.
  const auto found = std::find_if(hidden.begin(), hidden.end(), [&](const HiddenPath& path) {
    return is_at_or_below(bind.target, path.inside) || is_at_or_below(bind.source, path.host);
  });
  return found == hidden.end() ? nullptr : &*found;
}

std::vector<MountStep> covers(const std::vector<MountStep>& shown, const std::vector<HiddenPath>& hidden) {
  std::vector<MountStep> steps;
  const auto cover = [&](const std::string& target, const HiddenPath& path) {
    const auto same = [&](const MountStep& step) { return target_of(step.action) == target; };
    if (std::any_of(steps.begin(), steps.end(), same)) return;
    const std::string& reason = path.rule->reason;
    steps.push_back({Cover{target, path.rule->optional}, path.rule->origin, reason.empty() ? "files.hide" : reason});
  };
  for (const HiddenPath& path : hidden) {
    // Covering a link would cover what it leads to, wherever that is; its own content is only a name.
    if (path.kind == FileKind::kSymlink) continue;
    for (const MountStep& step : shown) {
      const auto* bind = std::get_if<Bind>(&step.action);
      if (bind == nullptr || !is_below(path.host, bind->source)) continue;
      const std::string target = moved(path.host, bind->source, bind->target);
      const Seen there = seen(shown, target);
      if (there.content == Seen::Content::kHost && there.host_path == path.host) cover(target, path);
    }
  }
  std::sort(steps.begin(), steps.end(), [](const MountStep& left, const MountStep& right) {
    return parent_first(target_of(left.action), target_of(right.action));
  });
  // Below a covered directory there is nothing left to cover.
  std::vector<MountStep> needed;
  for (MountStep& step : steps) {
    const std::string& target = target_of(step.action);
    const auto above = [&](const MountStep& other) { return is_below(target, target_of(other.action)); };
    if (std::none_of(needed.begin(), needed.end(), above)) needed.push_back(std::move(step));
  }
  return needed;
}

}  // namespace clawbox::plan
