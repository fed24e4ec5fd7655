// What the caller's own tools are configured to reach: npm, pip, cargo, go, apt, and the remotes of the workspace.
//
// Only what the tool itself would read is read, and only files that the session cannot write: an agent that edits a
// configuration must not widen its own next session. No registry's host is written here: a tool without configuration
// is a mistake that says which key to set.
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
  ResolvedPreset resolved;
};
/// Throws kProfileInvalid, with the key to set, where the tool is not configured; `wish.optional` and git, whose
/// repository may have no remotes, give no rules then.
PresetRules resolve_preset(const profile::NetworkWish& wish, const ToolFiles& tool);

}  // namespace clawbox::plan
