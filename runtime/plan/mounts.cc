// The view, in the order in which it is mounted: what shows something, parents first; then pins and locks; then covers,
// because a hide beats everything above it; last the few files that the session gets of its own.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/themes.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

std::string other_root(const Inputs& inputs) {
  const auto& root = inputs.profile.files.root;
  if (root.value == "host") return "";
  const std::string wished = root.value.starts_with('~') ? inputs.host.home + root.value.substr(1) : root.value;
  const std::optional<std::string> real = inputs.files.real_path(wished);
  if (!wished.starts_with('/') || !real || *real == "/" || inputs.files.look(*real).kind != FileKind::kDirectory)
    throw Error(ExitStatus::kPathMissing,
                fmt::format("{}: files.root {} is not a directory that holds a root file system",
                            to_string(root.origin), in_quotes(root.value)),
                "unpack a root file system there, or use files.root = \"host\"");
  return *real;
}

// With another root the entries of the host that say no place are not asked for, so they cannot be missing either.
std::vector<profile::PathRule> asked_for(const ViewContext& context, const std::vector<profile::PathRule>& rules) {
  std::vector<profile::PathRule> asked = rules;
  if (!context.other_root.empty())
    std::erase_if(
        asked, [](const profile::PathRule& rule) { return rule.at.empty() && !rule.path.starts_with("$WORKSPACE"); });
  return asked;
}

void require_present(const ViewContext& context) {
  std::vector<std::string> missing = context.read.missing;
  for (const Expansion* more : {&context.write, &context.hide})
    missing.insert(missing.end(), more->missing.begin(), more->missing.end());
  if (missing.empty()) return;
  throw Error(ExitStatus::kPathMissing, "the profile requires what is not there: " + joined(missing, "; "),
              "create it, correct the profile, or mark the entry optional with a trailing '?'");
}

void require_visible_workspace(const Workspace& workspace, const std::vector<HiddenPath>& hidden) {
  if (workspace.mode == Workspace::Mode::kNone) return;
  const HiddenPath* hider = hider_of(hidden, Bind{workspace.host, workspace.inside});
  if (hider)
    throw Error(ExitStatus::kWorkspaceUnusable,
                fmt::format("the workspace {} is hidden by files.hide {} ({})", in_quotes(workspace.host),
                            in_quotes(hider->rule->path), to_string(hider->rule->origin)),
                "choose another directory with --workspace DIR");
}

std::vector<Note> drop_hidden(Layout& layout, const std::vector<HiddenPath>& hidden) {
  std::vector<Note> dropped;
  layout.drop([&](const MountStep& step) {
    const auto* bind = std::get_if<Bind>(&step.action);
    const HiddenPath* hider = bind ? hider_of(hidden, *bind) : nullptr;
    if (hider)
      dropped.push_back(
          {bind->target,
           fmt::format("files.hide {} ({}) beats it", in_quotes(hider->rule->path), to_string(hider->rule->origin)),
           step.origin});
    return hider != nullptr;
  });
  return dropped;
}

// Whoever writes there writes the rules of the next session, or the record of this one.
void require_own_files_safe(const Host& host, const std::vector<MountStep>& shown) {
  std::vector<std::string> kept = host.state_dirs;
  if (host.control_groups.unified)
    kept.emplace_back("/sys/fs/cgroup");  // where a process leaves its group, and its caps
  for (const MountStep& step : shown) {
    const auto* bind = std::get_if<Bind>(&step.action);
    if (bind == nullptr || bind->access != Access::kReadWrite) continue;
    for (const std::string& own : kept)
      if (is_at_or_below(own, bind->source) || is_at_or_below(bind->source, own))
        throw Error(ExitStatus::kStateUnusable,
                    fmt::format("{}: {} would be writable inside, and clawbox keeps its own files in {}",
                                to_string(step.origin), in_quotes(bind->source), in_quotes(own)),
                    "write to a smaller directory");
  }
}

void require_own_network_for_sysfs(const profile::Profile& profile) {
  if (!profile.files.sysfs.value || profile.network.mode.value != profile::NetworkMode::kHost) return;
  throw Error(
      ExitStatus::kFeatureMissing,
      fmt::format("{}: files.sysfs needs a network namespace of the session's own, and network.mode is \"host\" ({})",
                  to_string(profile.files.sysfs.origin), to_string(profile.network.mode.origin)),
      "leave one of the two out");
}

// A place inside a tree of the host has to exist there: making it would leave a ghost in the host's directory.
void require_places(const FileView& files, const std::vector<MountStep>& shown) {
  std::vector<MountStep> above;
  for (const MountStep& step : shown) {
    const std::string& target = target_of(step.action);
    const Seen there = seen(above, target);
    const auto* bind = std::get_if<Bind>(&step.action);
    const bool itself = there.content == Seen::Content::kHost && bind && bind->source == there.host_path;
    if (there.content == Seen::Content::kHost && !itself && files.look(there.host_path).kind == FileKind::kAbsent)
      throw Error(ExitStatus::kPathMissing,
                  fmt::format("{}: there is no place for {} inside: {} does not exist on the host",
                              to_string(step.origin), in_quotes(target), in_quotes(there.host_path)),
                  "create it, or choose a place that no tree of the host covers");
    above.push_back(step);
  }
}

void append(std::vector<MountStep>& steps, std::vector<MountStep> more) {
  steps.insert(steps.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<MountStep> without_hidden(std::vector<MountStep> steps, const std::vector<MountStep>& covering) {
  std::erase_if(steps, [&](const MountStep& step) {
    return std::any_of(covering.begin(), covering.end(), [&](const MountStep& cover) {
      return is_at_or_below(target_of(step.action), target_of(cover.action));
    });
  });
  return steps;
}

ViewContext context_of(const Inputs& inputs, const Workspace& workspace, const Identity& identity,
                       const std::vector<profile::PathRule>& read, const std::vector<profile::PathRule>& write,
                       std::string root) {
  return {inputs,
          workspace,
          identity,
          expand(inputs, workspace, read),
          expand(inputs, workspace, write),
          expand(inputs, workspace, inputs.profile.files.hide),
          std::move(root)};
}

}  // namespace

Chosen<std::vector<MountStep>> choose_mounts(const Inputs& inputs, const Workspace& workspace,
                                             const Identity& identity) {
  require_own_network_for_sysfs(inputs.profile);
  const ViewContext bare{inputs, workspace, identity, {}, {}, {}, other_root(inputs)};
  const auto read = asked_for(bare, inputs.profile.files.read), write = asked_for(bare, inputs.profile.files.write);
  const ViewContext context = context_of(inputs, workspace, identity, read, write, bare.other_root);
  require_present(context);

  const std::vector<HiddenPath> hidden = hidden_paths(context);
  require_visible_workspace(workspace, hidden);
  Layout layout;
  add_system(context, layout);
  if (!context.other_root.empty()) add_other_root(context, layout);
  add_binds(context, layout);

  Chosen<std::vector<MountStep>> chosen;
  chosen.absent = drop_hidden(layout, hidden);
  for (const Expansion* expansion : {&context.read, &context.write, &context.hide})
    chosen.absent.insert(chosen.absent.end(), expansion->absent.begin(), expansion->absent.end());
  if (!context.other_root.empty())
    chosen.notes.push_back({"files.root",
                            "the host's own system is not shown: entries of files.read and files.write "
                            "without `at` and outside the workspace are skipped",
                            inputs.profile.files.root.origin});

  std::vector<MountStep>& steps = chosen.value;
  steps = layout.in_order();
  require_own_files_safe(inputs.host, steps);
  require_places(inputs.files, steps);
  const std::vector<MountStep> covering = covers(steps, hidden);
  Chosen<std::vector<MountStep>> guards = protect_guards(context);
  Chosen<std::vector<MountStep>> made = made_files(context, steps);
  append(steps, without_hidden(std::move(guards.value), covering));
  append(steps, proc_guards(context));
  append(steps, covering);
  append(steps, without_hidden(std::move(made.value), covering));
  chosen.shortfalls = std::move(guards.shortfalls);
  chosen.absent.insert(chosen.absent.end(), made.absent.begin(), made.absent.end());
  return chosen;
}

}  // namespace clawbox::plan
