// What the command line adds to the profile for one run.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clawbox::plan {

struct Request {
  std::vector<std::string> argv;
  std::optional<std::string> workspace;                  // --workspace: absolute, or relative to the caller's directory
  std::optional<std::string> workdir;                    // --workdir: relative to the workspace, or absolute inside
  std::vector<std::pair<std::string, std::string>> env;  // --env NAME=VALUE, in order; the last one of a name wins
};

}  // namespace clawbox::plan
