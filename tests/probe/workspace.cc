// The probe runs with the workspace as its working directory; `workspace=PATH` says that it was planted with the files
// that make the host run code later. What is absent may be made and is listed at the end: that is looked at outside.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>

#include "probe/check.h"

namespace probe {
namespace {

Result protected_paths(const Planted& planted, std::initializer_list<const char*> paths) {
  if (!fact(planted, "workspace")) return not_applicable("the workspace was not planted");
  bool seen = false;
  for (const char* path : paths) {
    struct stat facts {};
    if (::lstat(path, &facts) < 0) continue;
    seen = true;
    if (S_ISDIR(facts.st_mode) ? creates_file_in(path) : can_open(path, O_WRONLY))
      return open_because(std::string("could change ") + path);
  }
  return seen ? holds() : not_applicable("none of these files is there");
}

Result git_hooks(const Planted& planted) { return protected_paths(planted, {".git/hooks"}); }
Result git_config(const Planted& planted) { return protected_paths(planted, {".git/config", ".gitmodules"}); }
Result rarer_git_files(const Planted& planted) {
  return protected_paths(planted, {".git/config.worktree", ".git/info/attributes", ".git/commondir",
                                   "nested/.git/hooks", "nested/.git/config"});
}
Result shell_files(const Planted& planted) {
  return protected_paths(planted, {".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile"});
}
Result editor_settings(const Planted& planted) { return protected_paths(planted, {".vscode", ".idea"}); }
Result agent_settings(const Planted& planted) {
  return protected_paths(planted, {".mcp.json", ".claude", ".cursor", ".gemini", ".codex"});
}
Result rarer_start_files(const Planted& planted) {
  return protected_paths(planted, {".zshenv", ".envrc", ".exrc", ".nvim.lua"});
}
Result ci_settings(const Planted& planted) {
  return protected_paths(planted, {".github/workflows", ".gitlab-ci.yml", ".npmrc", ".yarnrc.yml"});
}
Result lookalikes(const Planted& planted) {
  return protected_paths(planted, {".GIT/hooks", ".GIT/config", "git~1/config"});
}

Result renames_back(const std::string& path) {
  const std::string aside = path + "-moved";
  if (::rename(path.c_str(), aside.c_str()) < 0) return holds();
  ::rename(aside.c_str(), path.c_str());
  return open_because("renamed " + path);
}

Result git_stays(const Planted& planted) {
  if (!fact(planted, "workspace") || ::access(".git", F_OK) < 0) return not_applicable("there is no .git");
  return renames_back(".git");
}

Result workspace_stays(const Planted& planted) {
  std::array<char, PATH_MAX> here{};
  if (!fact(planted, "workspace") || ::getcwd(here.data(), here.size()) == nullptr)
    return not_applicable("no workspace");
  return renames_back(here.data());
}

Result no_hard_link_outside(const Planted& planted) {
  const auto path = fact(planted, "outside_file");
  if (!path) return not_applicable("no file was planted");
  for (const std::string& place : writable_places()) {
    const std::string link = place + "/clawbox-probe-link";
    if (::link(path->c_str(), link.c_str()) < 0) continue;
    ::unlink(link.c_str());
    return open_because("linked " + *path + " into " + place);
  }
  return holds();
}

Result no_writing_through_symlink(const Planted& planted) {
  const auto path = fact(planted, "outside_file");
  if (!path) return not_applicable("no file was planted");
  for (const std::string& place : writable_places()) {
    const std::string link = place + "/clawbox-probe-symlink";
    if (::symlink(path->c_str(), link.c_str()) < 0) continue;
    const bool opened = can_open(link, O_WRONLY);
    ::unlink(link.c_str());
    if (opened) return open_because("opened " + *path + " for writing through a link");
  }
  return holds();
}

// Inside, the parent may be a private directory of the sandbox: only the host's own, with its inode, counts.
Result nothing_beside(const Planted& planted) {
  const auto inode = fact(planted, "beside_inode");
  struct stat facts {};
  if (!inode || ::stat("..", &facts) < 0) return not_applicable("the workspace was not planted");
  if (std::to_string(facts.st_ino) != *inode) return holds();
  return creates_file_in("..") ? open_because("made and removed a file beside the workspace") : holds();
}

constexpr Check kChecks[] = {
    {"WS01", "git hooks cannot be changed", git_hooks},
    {"WS02", "git's settings cannot be changed", git_config},
    {"WS03", "rarer git settings and nested repositories cannot be changed", rarer_git_files},
    {"WS04", "shell start-up files cannot be changed", shell_files},
    {"WS05", "editor settings cannot be changed", editor_settings},
    {"WS06", "agent settings cannot be changed", agent_settings},
    {"WS07", "rarer start-up files cannot be changed", rarer_start_files},
    {"WS08", "CI and package-manager settings cannot be changed", ci_settings},
    {"WS09", ".git cannot be moved away", git_stays},
    {"WS10", "the workspace itself cannot be moved away", workspace_stays},
    {"WS11", "no hard link to a file outside can be made", no_hard_link_outside},
    {"WS12", "no file outside can be written through a symbolic link", no_writing_through_symlink},
    {"WS13", "no file can be made beside the workspace", nothing_beside},
    {"WS14", "look-alikes of .git cannot be changed", lookalikes},
};

}  // namespace

std::span<const Check> workspace_checks() { return kChecks; }

}  // namespace probe
