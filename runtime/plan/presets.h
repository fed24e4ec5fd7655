// What the caller's own tools are configured to reach: npm, pip, cargo, go, apt, and the remotes of the workspace.
//
// Only what the tool itself would read is read, and only files that the session cannot write. An earlier session of the
// workspace may have written what this one cannot (a repository that it made, say), and nothing remembers that: so what
// a file of the workspace opens is said at every run, and is never an address. Of other files public addresses count,
// as public names do; one that is not public is opened by no tool's configuration, only by a rule that names it. No
// registry's host is written here: a tool without configuration is a mistake that says which key to set.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/network_rule.h"
#include "plan/file_view.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace clawbox::plan {

/// Where a tool's settings are read from.
struct ToolFiles {
  const Host& host;
  const FileView& files;
  std::string workspace;                                     // host's path; empty: none
  std::function<bool(const std::string& path)> is_writable;  // for the session

  /// Nothing where there is no such variable.
  std::optional<std::string> variable(std::string_view name) const;
  /// $XDG_CONFIG_HOME, else ~/.config
  std::string config_home() const;
  struct Line {
    std::string text;  // without blanks around it
    int number = 0;    // 1-based
    bool indented = false;
  };
  /// None where there is no such file. Throws kProfileInvalid where the session could write it.
  std::vector<Line> lines(const std::string& path) const;
  std::optional<std::string> text(const std::string& path) const;
};

/// A URL, and where it was found.
struct ConfiguredUrl {
  std::string url;
  Origin origin;  // the tool's file, or "environment NAME"
};

using Urls = std::vector<ConfiguredUrl>;
Urls npm_urls(const ToolFiles& tool);
Urls pip_urls(const ToolFiles& tool);
Urls cargo_urls(const ToolFiles& tool);  // presets_cargo.cc
Urls go_urls(const ToolFiles& tool);
Urls apt_urls(const ToolFiles& tool);  // presets_apt.cc
Urls git_urls(const ToolFiles& tool);  // presets_git.cc

/// Host and port of "https://user@host:8443/x" or "ssh://host"; nothing for files and what we do not know.
struct UrlHost {
  NetworkTarget target;
  uint16_t port = 0;
};
std::optional<UrlHost> host_of(std::string_view url);

struct PresetRules {
  std::vector<NetworkRule> rules;
  std::vector<NetworkRule> of_workspace;  // those of `rules` that a file of the workspace is the reason for
  std::vector<NetworkRule> left_out;      // configured, and not opened: see above
  ResolvedPreset resolved;
};
/// Throws kProfileInvalid, with the key to set, where the tool is not configured; `wish.optional` and git, whose
/// repository may have no remotes, give no rules then. More than 32 for `doubts_about` are refused too.
PresetRules resolve_preset(const profile::NetworkWish& wish, const ToolFiles& tool);

/// What a person should know of a preset, each with the line of network.allow that makes it his own decision; nothing
/// of what `list` has by such a line. presets_doubts.cc
std::vector<Shortfall> doubts_about(const PresetRules& preset, const NetworkAllowlist& list);
/// Whether the session would find its own loopback there.
bool is_loopback(const NetworkTarget& target);

}  // namespace clawbox::plan
