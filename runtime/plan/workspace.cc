#include <array>

#include "base/error.h"
#include "base/text.h"
#include "plan/path_rules.h"
#include "plan/paths.h"
#include "plan/seen.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

const char* const kRemedy = "choose a project directory with --workspace DIR";

[[noreturn]] void refuse(const std::string& what, const std::string& remedy = kRemedy) {
  throw Error(ExitStatus::kWorkspaceUnusable, what, remedy);
}

// Writable or shown as a whole, each of these would undo a promise that every profile makes.
struct Reserved {
  const char* path;
  const char* why;
};
constexpr std::array kReserved{
    Reserved{"/usr", "it holds the system's programs"},
    Reserved{"/etc", "it holds the system's settings and secrets"},
    Reserved{"/bin", "it holds the system's programs"},
    Reserved{"/sbin", "it holds the system's programs"},
    Reserved{"/lib", "it holds the system's libraries"},
    Reserved{"/lib64", "it holds the system's libraries"},
    Reserved{"/boot", "it holds the kernel"},
    Reserved{"/root", "it is the home of root"},
    Reserved{"/home", "it holds every user's home"},
    Reserved{"/proc", "the session has a /proc of its own"},
    Reserved{"/sys", "it steers the kernel"},
    Reserved{"/dev", "the session has a /dev of its own"},
    Reserved{"/run", "it holds the sockets of the host's services"},
    Reserved{"/var", "it holds the system's state and logs"},
    Reserved{"/tmp", "it is shared with every program of the host"},
    Reserved{"/var/tmp", "it is shared with every program of the host"},
};

void require_project_directory(const std::string& path, const Host& host) {
  if (path == "/") refuse("the workspace is '/', the whole system");
  if (path == host.home)
    refuse(fmt::format("the workspace {} is the home directory itself, with all keys and settings in it",
                       in_quotes(path)));
  for (const Reserved& reserved : kReserved) {
    if (path == reserved.path) refuse(fmt::format("the workspace is {}: {}", in_quotes(path), reserved.why));
    if (is_below(reserved.path, path))
      refuse(fmt::format("the workspace {} contains {}: {}", in_quotes(path), reserved.path, reserved.why));
  }
  for (const char* made_anew : {"/proc", "/sys", "/dev"})
    if (is_below(path, made_anew))
      refuse(fmt::format("the workspace {} lies in {}, which the session has anew", in_quotes(path), made_anew));
  if (is_below(host.home, path))
    refuse(fmt::format("the workspace {} contains the home directory {}", in_quotes(path), in_quotes(host.home)));
  for (const std::string& state : host.state_dirs)
    if (is_at_or_below(state, path) || is_at_or_below(path, state))
      refuse(fmt::format("the workspace {} overlaps {}, where clawbox keeps its own files", in_quotes(path),
                         in_quotes(state)));
}

std::string real_workspace(const Inputs& inputs) {
  const std::string wished = inputs.request.workspace.value_or(inputs.host.directory);
  if (wished.empty()) refuse("the workspace is an empty name");
  if (wished.find('\0') != std::string::npos) refuse("the name of the workspace has a NUL byte");
  // The kernel resolves "..": after a link it leads elsewhere than the text says.
  const std::string path = wished.starts_with('/') ? wished : inputs.host.directory + '/' + wished;
  const std::optional<std::string> real = inputs.files.real_path(path);
  if (!real && inputs.files.look(path).kind == FileKind::kUnreachable)
    refuse(fmt::format("the workspace {} cannot be reached with the caller's permissions", in_quotes(path)));
  if (!real) refuse(fmt::format("the workspace {} does not exist", in_quotes(path)));
  if (inputs.files.look(*real).kind != FileKind::kDirectory)
    refuse(fmt::format("the workspace {} is not a directory", in_quotes(*real)));
  return *real;
}

std::string place_inside(const Decided<std::string>& at, const std::string& host_path) {
  if (at.value == "same") return host_path;
  std::string place = normal_path(at.value);
  const bool usable = at.value.starts_with('/') && !climbs(at.value) && place != "/";
  for (const char* taken_place : {"/proc", "/sys", "/dev"})
    if (!usable || is_at_or_below(place, taken_place))
      throw Error(
          ExitStatus::kProfileInvalid,
          fmt::format("{}: workspace.at = {} is no place for a workspace", to_string(at.origin), in_quotes(at.value)),
          "use \"same\" or an absolute path such as \"/workspace\"");
  return place;
}

Workspace::Mode mode_of(profile::WorkspaceMode wish) {
  if (wish == profile::WorkspaceMode::kOverlay) return Workspace::Mode::kOverlay;
  return wish == profile::WorkspaceMode::kReadWrite ? Workspace::Mode::kReadWrite : Workspace::Mode::kReadOnly;
}

std::vector<std::string> patterns_of(const Inputs& inputs) {
  std::vector<std::string> patterns;
  for (const profile::PathRule& rule : inputs.profile.files.protect)
    if (const std::string_view pattern = protected_pattern(rule); !pattern.empty()) patterns.emplace_back(pattern);
  return patterns;
}

// What is the host's own now cannot be made before the command starts; a tmpfs is the session's to fill.
void require_start(const Inputs& inputs, const Seen& there, const std::string& wished) {
  const bool hidden = there.content == Seen::Content::kNothing && there.write == Seen::Write::kRefused;
  if (hidden)
    throw Error(ExitStatus::kUsage, fmt::format("--workdir {} cannot be seen inside", in_quotes(wished)),
                "name a directory of the workspace");
  if (there.content != Seen::Content::kHost) return;
  const std::string real = inputs.files.real_path(there.host_path).value_or(there.host_path);
  const FileKind kind = inputs.files.look(real).kind;
  if (kind == FileKind::kAbsent)
    throw Error(ExitStatus::kUsage,
                fmt::format("--workdir {}: there is no {}", in_quotes(wished), in_quotes(there.host_path)),
                "create it first, or name a directory that is there");
  if (kind == FileKind::kFile)
    throw Error(ExitStatus::kUsage, fmt::format("--workdir {} is no directory", in_quotes(wished)),
                "name a directory of the workspace");
}

}  // namespace

Chosen<Workspace> choose_workspace(const Inputs& inputs) {
  const auto& wish = inputs.profile.workspace;
  Chosen<Workspace> chosen;
  chosen.value.origin = wish.mode.origin;
  if (wish.mode.value == profile::WorkspaceMode::kNone) {
    if (inputs.request.workspace)
      throw Error(ExitStatus::kUsage, "--workspace was given and the profile has workspace.mode = \"none\"",
                  "use another profile, or leave --workspace out");
    return chosen;
  }
  chosen.value.mode = mode_of(wish.mode.value);
  chosen.value.host = real_workspace(inputs);
  require_project_directory(chosen.value.host, inputs.host);
  if (!inputs.files.can_enter(chosen.value.host))
    refuse(
        fmt::format("the workspace {} cannot be entered with the caller's permissions", in_quotes(chosen.value.host)));
  chosen.value.inside = place_inside(wish.at, chosen.value.host);
  if (chosen.value.mode != Workspace::Mode::kReadOnly) chosen.value.protect = patterns_of(inputs);
  chosen.notes.push_back({"workspace", inputs.request.workspace ? "--workspace" : "the caller's current directory",
                          inputs.request.workspace ? kByCommandLine : kByHost});
  return chosen;
}

std::string command_directory(const Inputs& inputs, const Workspace& workspace, const Identity& identity,
                              const std::vector<MountStep>& mounts) {
  const bool none = workspace.mode == Workspace::Mode::kNone;
  std::string start = none ? identity.home : workspace.inside;
  if (!inputs.request.workdir) {
    if (none || !is_at_or_below(inputs.host.directory, workspace.host)) return start;
    return moved(inputs.host.directory, workspace.host, workspace.inside);
  }
  const std::string& wished = *inputs.request.workdir;
  std::string place = normal_path(wished, start);
  if (!wished.starts_with('/') && !is_at_or_below(place, start))
    throw Error(ExitStatus::kUsage, fmt::format("--workdir {} leads out of the workspace", in_quotes(wished)));
  if (!none && wished.starts_with('/') && is_at_or_below(place, workspace.host))
    place = moved(place, workspace.host, workspace.inside);
  require_start(inputs, seen(mounts, place), wished);
  return place;
}

}  // namespace clawbox::plan
