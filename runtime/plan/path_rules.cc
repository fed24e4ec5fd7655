#include "plan/path_rules.h"

#include "base/error.h"
#include "base/text.h"
#include "plan/paths.h"

namespace clawbox::plan {
namespace {

[[noreturn]] void refuse_path(const profile::PathRule& rule, ExitStatus status, const std::string& why) {
  throw Error(status, fmt::format("{}: the path {} {}", to_string(rule.origin), in_quotes(rule.path), why));
}

bool starts_with_word(std::string_view path, std::string_view word) {
  return path == word || (path.starts_with(word) && path[word.size()] == '/');
}

std::string place_inside(const Workspace& workspace, const profile::PathRule& rule, const std::string& source) {
  if (rule.at.empty()) return inside_place(workspace, source);
  // One place cannot hold all matches of a pattern: they go into it by name.
  const std::string at = starts_with_word(rule.at, "$WORKSPACE")
                             ? normal_path(workspace.inside + rule.at.substr(std::string_view("$WORKSPACE").size()))
                             : normal_path(rule.at);
  return is_pattern(rule.path) ? normal_path(name_of(source), at) : at;
}

void sort_out(const Inputs& inputs, const Workspace& workspace, const profile::PathRule& rule,
              const std::string& source, Expansion& into) {
  FoundPath found{&rule, source, inputs.files.look(source), place_inside(workspace, rule, source)};
  const FileKind kind = found.facts.kind;
  if (rule.no_links && (kind == FileKind::kSymlink || found.facts.way == FileFacts::Way::kThroughLinks))
    refuse_path(rule, ExitStatus::kPathMissing,
                kind == FileKind::kSymlink ? "is a symbolic link, and has no_links"
                                           : "has a symbolic link on its way, and has no_links");
  if (kind != FileKind::kAbsent && kind != FileKind::kUnreachable) {
    into.found.push_back(std::move(found));
    return;
  }
  const std::string why = kind == FileKind::kAbsent ? "it does not exist" : "the caller may not reach it";
  if (rule.optional) {
    into.absent.push_back({source, why, rule.origin});
    return;
  }
  into.missing.push_back(fmt::format("{} ({}): {}", in_quotes(source), to_string(rule.origin), why));
}

}  // namespace

std::string inside_place(const Workspace& workspace, const std::string& host_path) {
  if (workspace.mode == Workspace::Mode::kNone || !is_at_or_below(host_path, workspace.host)) return host_path;
  return moved(host_path, workspace.host, workspace.inside);
}

std::string host_place(const Inputs& inputs, const Workspace& workspace, const profile::PathRule& rule) {
  const std::string& path = rule.path;
  if (path.find('\0') != std::string::npos) refuse_path(rule, ExitStatus::kProfileInvalid, "has a NUL byte");
  if (climbs(path)) refuse_path(rule, ExitStatus::kProfileInvalid, "has '..' in it");
  if (starts_with_word(path, "$SESSION"))
    refuse_path(rule, ExitStatus::kNotSupported, "needs $SESSION, which comes with a later release");
  if (starts_with_word(path, "~")) return normal_path(inputs.host.home + path.substr(1));
  if (starts_with_word(path, "$WORKSPACE")) {
    if (workspace.mode == Workspace::Mode::kNone) return "";
    return normal_path(workspace.host + path.substr(std::string_view("$WORKSPACE").size()));
  }
  if (!path.starts_with('/')) refuse_path(rule, ExitStatus::kProfileInvalid, "is not absolute");
  return normal_path(path);
}

std::string_view protected_pattern(const profile::PathRule& rule) {
  constexpr std::string_view kWorkspace = "$WORKSPACE/";
  std::string_view path = rule.path;
  if (path.starts_with(kWorkspace)) path.remove_prefix(kWorkspace.size());
  return path.starts_with('/') || path.starts_with('~') ? std::string_view() : path;
}

Expansion expand(const Inputs& inputs, const Workspace& workspace, const std::vector<profile::PathRule>& rules) {
  Expansion expansion;
  for (const profile::PathRule& rule : rules) {
    const std::string place = host_place(inputs, workspace, rule);
    if (place.empty()) {
      expansion.absent.push_back({rule.path, "the profile shows no workspace", rule.origin});
      continue;
    }
    if (!is_pattern(place)) {
      sort_out(inputs, workspace, rule, place, expansion);
      continue;
    }
    const std::vector<std::string> matches = inputs.files.matches(place);
    for (const std::string& match : matches) sort_out(inputs, workspace, rule, match, expansion);
    if (!matches.empty()) continue;
    if (rule.optional) expansion.absent.push_back({place, "nothing matches", rule.origin});
    if (!rule.optional)
      expansion.missing.push_back(fmt::format("{} ({}): nothing matches", in_quotes(place), to_string(rule.origin)));
  }
  return expansion;
}

}  // namespace clawbox::plan
