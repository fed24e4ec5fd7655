#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

struct Cause {
  Origin origin;
  std::string reason;
};

Cause cause_of(const profile::PathRule& rule, const char* otherwise) {
  return {rule.origin, rule.reason.empty() ? otherwise : rule.reason};
}

// Without a rule: a directory that cannot be looked into, or a `.git` that no rule names.
Cause cause_of(const ViewContext& context, const ProtectedPath& path, const char* otherwise) {
  for (const profile::PathRule& rule : context.inputs.profile.files.protect)
    if (!path.pattern.empty() && protected_pattern(rule) == path.pattern) return cause_of(rule, otherwise);
  return {kByDefault, otherwise};
}

// `paths` come parents first, so a locked directory is known before what is in it.
bool locked_already(const std::vector<MountStep>& steps, const std::string& target) {
  for (const MountStep& step : steps)
    if (const auto* lock = std::get_if<Lock>(&step.action); lock && is_below(target, lock->target)) return true;
  return false;
}

void guard(const ViewContext& context, const ProtectedPath& path, Chosen<std::vector<MountStep>>& chosen) {
  const std::string target = context.workspace.inside + '/' + path.path;
  if (path.role == ProtectedPath::Role::kInside || locked_already(chosen.value, target)) return;
  if (path.kind == ProtectedPath::Kind::kSymlink) {
    chosen.shortfalls.push_back({fmt::format("{} is watched, not locked", in_quotes(target)),
                                 "it is a symbolic link, over which nothing can be mounted",
                                 "replace the link by the file itself", cause_of(context, path, "").origin});
    return;
  }
  // Without the pin, a directory above a locked file could be moved away and made anew with other content.
  if (path.role == ProtectedPath::Role::kWay)
    chosen.value.push_back(
        {Pin{target}, cause_of(context, path, "").origin, "it leads to protected files and keeps its name"});
  if (path.role == ProtectedPath::Role::kNamed) {
    Cause cause = cause_of(context, path, "files.protect: it makes the host run code later");
    chosen.value.push_back({Lock{target, true}, std::move(cause.origin), std::move(cause.reason)});
  }
}

void lock_named_places(const ViewContext& context, Chosen<std::vector<MountStep>>& chosen) {
  for (const profile::PathRule& rule : context.inputs.profile.files.protect) {
    if (!rule.path.starts_with('/') && !rule.path.starts_with('~')) continue;
    const std::string place = inside_place(context.workspace, host_place(context.inputs, context.workspace, rule));
    Cause cause = cause_of(rule, "files.protect");
    chosen.value.push_back({Lock{place, true}, std::move(cause.origin), std::move(cause.reason)});
  }
}

}  // namespace

Chosen<std::vector<MountStep>> protect_guards(const ViewContext& context) {
  Chosen<std::vector<MountStep>> chosen;
  const Workspace& workspace = context.workspace;
  if (!workspace.protect.empty()) {
    const ProtectedState state = context.inputs.files.protected_state(workspace.host, workspace.protect);
    for (const ProtectedPath& path : state.paths) guard(context, path, chosen);
    if (state.walk == ProtectedState::Walk::kCutShort)
      chosen.shortfalls.push_back(
          {"files.protect does not reach the whole workspace",
           fmt::format("the search stops {} levels deep and after {} names", kWalkDepth, kWalkEntries),
           "choose a smaller workspace", context.inputs.profile.files.protect.front().origin});
  }
  lock_named_places(context, chosen);
  return chosen;
}

}  // namespace clawbox::plan
