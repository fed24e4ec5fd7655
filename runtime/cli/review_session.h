// The overlay session, and the paths in its workspace, that `clawbox diff`, `apply` and `discard` are about.
#pragma once

#include <string>
#include <vector>

#include "review/change.h"
#include "review/layers.h"

namespace clawbox::cli {

/// Where what overlay sessions wrote is kept.
std::string overlays_of_caller();

/// The id of the session with this name; the word itself where there is none.
std::string id_of_name(const std::string& word);

/// The only session that kept something and has this name, or whose id begins so; "latest" is the youngest. Throws
/// Error(kUsage), which names those that do, or Error(kSessionMissing), which names the nearest, or says that the
/// session ended without changes.
review::Layers session_named(const std::string& word);

/// By the patterns of `files.protect` that the session had.
review::Risk risk_of(const review::Layers& layers);

/// Relative to the workspace: as git takes them, from the current directory where that is inside. Throws Error(kUsage).
std::vector<std::string> paths_in(const review::Layers& layers, const std::vector<std::string>& words);

}  // namespace clawbox::cli
