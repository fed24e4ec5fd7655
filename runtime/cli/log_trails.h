// The directory of trails that `clawbox log` and `clawbox report` read, and the sessions that were named.
#pragma once

#include <string>
#include <vector>

#include "audit/reader_sessions.h"
#include "base/error.h"
#include "base/owned_fd.h"

namespace clawbox::cli {

struct Trails {
  std::string path;
  OwnedFd directory;
  std::vector<audit::SessionFiles> sessions;  // oldest first
};

/// Of the directory `said`, or else of the caller's own. Throws Error(kProblemsFound) where there is none, and
/// Error(kStateUnusable) where it cannot be read.
Trails trails_in(const std::string& said);

/// Error(kStateUnusable): the directory, or a file in it, is not ours to read.
Error cannot_read(const std::string& path, const SysError& why);

/// Error(kProblemsFound): the directory is there, and nothing was ever recorded in it.
Error no_trails_in(const std::string& path);

/// Names of sessions become their ids; of trails elsewhere nobody knows the names.
std::vector<std::string> ids_of(const std::vector<std::string>& words, const std::string& directory);

/// The only session whose id begins so. Throws Error(kUsage), which names those that do.
audit::SessionFiles only_session(const Trails& trails, const std::string& prefix);

/// `clawbox log verfy` is no question about a session: throws Error(kUsage) for a word that is nearly one of `verbs`
/// and cannot begin an id.
void check_not_misspelt(const std::vector<std::string>& words, const std::vector<std::string>& verbs);

}  // namespace clawbox::cli
