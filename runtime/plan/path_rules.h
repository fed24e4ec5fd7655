// Path rules of a profile made concrete: `~`, `$WORKSPACE`, globs, what exists and what does not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plan/inputs.h"

namespace clawbox::plan {

struct FoundPath {
  const profile::PathRule* rule = nullptr;
  std::string source;  // on the host, normal, as written
  FileFacts facts;
  std::string target;  // inside
};

struct Expansion {
  std::vector<FoundPath> found;
  std::vector<Note> absent;          // optional ones that are not there
  std::vector<std::string> missing;  // required ones: "'/x' (coding.toml:12): it does not exist"
};

/// Where a rule's path lies on the host; empty when it needs a workspace and there is none. Throws for `..`, a relative
/// path and `$SESSION`.
std::string host_place(const Inputs& inputs, const Workspace& workspace, const profile::PathRule& rule);

/// A host path of the workspace → the same file inside; any other path stays as it is.
std::string inside_place(const Workspace& workspace, const std::string& host_path);

/// What a rule of files.protect looks for below the workspace; empty where it names a place of its own.
std::string_view protected_pattern(const profile::PathRule& rule);

Expansion expand(const Inputs& inputs, const Workspace& workspace, const std::vector<profile::PathRule>& rules);

}  // namespace clawbox::plan
