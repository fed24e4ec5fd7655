#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "plan/explain.h"
#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/themes.h"
#include "profile/steering.h"

namespace clawbox::plan {
namespace {

const char* const kDefaultPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

// environ(7) and POSIX: what a shell can name. "BASH_FUNC_x%%" is none, on purpose.
bool valid_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), fine);
}

bool named_by(const std::string& rule, std::string_view name) {
  if (rule.ends_with('*')) return name.starts_with(std::string_view(rule).substr(0, rule.size() - 1));
  return rule == name;
}

struct Value {
  std::string text;
  std::string why;
  Origin origin;
};
using Values = std::map<std::string, Value>;

void pass_from_caller(const Inputs& inputs, Values& values) {
  for (const auto& [name, text] : inputs.host.environment) {
    if (!valid_name(name) || profile::steers_programs(name)) continue;
    for (const Decided<std::string>& rule : inputs.profile.environment.pass) {
      if (!named_by(rule.value, name)) continue;
      values[name] = {text, "the caller's, by environment.pass", rule.origin};
      break;
    }
  }
}

bool is_program_directory(const Inputs& inputs, const std::vector<MountStep>& mounts, const std::string& directory) {
  if (!directory.starts_with('/')) return false;
  const Seen there = seen(mounts, normal_path(directory));
  // A writable place on PATH lets one command of the session choose what the next one runs.
  if (there.content != Seen::Content::kHost || there.write == Seen::Write::kPossible) return false;
  const FileKind kind = inputs.files.look(there.host_path).kind;
  return kind == FileKind::kDirectory || kind == FileKind::kSymlink;
}

Value search_path(const Inputs& inputs, const std::vector<MountStep>& mounts) {
  std::string callers;
  for (const auto& [name, text] : inputs.host.environment)
    if (name == "PATH") callers = text;
  std::vector<std::string> kept;
  for (const std::string& directory : split(callers, ':'))
    if (std::find(kept.begin(), kept.end(), directory) == kept.end() && is_program_directory(inputs, mounts, directory))
      kept.push_back(directory);
  if (kept.empty()) return {kDefaultPath, "nothing of the caller's PATH can be seen inside", kByDefault};
  return {joined(kept, ":"), "what of the caller's PATH can be seen inside and not written", kByHost};
}

std::string shell(const Inputs& inputs, const std::vector<MountStep>& mounts) {
  for (const char* bash : {"/bin/bash", "/usr/bin/bash"}) {
    const Seen there = seen(mounts, bash);
    const bool visible = there.content == Seen::Content::kHost;
    if (visible && inputs.files.look(there.host_path).kind == FileKind::kFile) return bash;
  }
  return "/bin/sh";
}

void add_own(const Inputs& inputs, const Identity& identity, const std::vector<MountStep>& mounts, Values& values) {
  const Origin& as_root = inputs.profile.identity.as_root.origin;
  values["HOME"] = {identity.home, "the private home", kByHost};
  values["USER"] = {identity.user, "the name inside", as_root};
  values["LOGNAME"] = {identity.user, "the name inside", as_root};
  values["SHELL"] = {shell(inputs, mounts), "a shell that can be seen inside", kByHost};
  values["PATH"] = search_path(inputs, mounts);
}

void require_usable(const std::string& name, const std::string& text, const Origin& origin, ExitStatus status) {
  if (!valid_name(name))
    throw Error(status, fmt::format("{}: {} is not a name for a variable", to_string(origin), in_quotes(name)),
                "letters, digits and '_', not beginning with a digit");
  if (text.find('\0') != std::string::npos)
    throw Error(status, fmt::format("{}: the value of {} has a NUL byte", to_string(origin), name));
}

void add_written(const Inputs& inputs, Values& values) {
  for (const auto& [name, text] : inputs.profile.environment.set) {
    require_usable(name, text.value, text.origin, ExitStatus::kProfileInvalid);
    values[name] = {text.value, kWhySet, text.origin};
  }
  for (const auto& [name, text] : inputs.request.env) {
    require_usable(name, text, kByCommandLine, ExitStatus::kUsage);
    values[name] = {text, kWhyAsked, kByCommandLine};
  }
}

}  // namespace

Chosen<Environment> choose_environment(const Inputs& inputs, const Identity& identity,
                                       const std::vector<MountStep>& mounts) {
  Values values;
  pass_from_caller(inputs, values);
  add_own(inputs, identity, mounts, values);
  add_written(inputs, values);
  // Last, so that nothing can say otherwise: programs ask by it whether they are confined already.
  values["CLAWBOX"] = {"1", "tells programs where they are", kByDefault};
  values["CLAWBOX_PROFILE"] = {inputs.profile.name, "tells programs where they are", inputs.profile.origin};

  Chosen<Environment> chosen;
  for (auto& [name, value] : values) {
    chosen.notes.push_back({"environment " + name, std::move(value.why), std::move(value.origin)});
    chosen.value.emplace_back(name, std::move(value.text));
  }
  return chosen;
}

}  // namespace clawbox::plan
