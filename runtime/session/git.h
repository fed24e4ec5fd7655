// git(1), outside, on what the caller owns. Never on what a session may have written: its configuration, attributes and
// hooks could name programs to run.
#pragma once

#include <string>
#include <vector>

#include "session/program.h"

namespace clawbox::session {

/// kOfCaller: the caller's own settings count, who may trust repositories of others (safe.directory), say. kNone: only
/// the repository's, so that no attribute of its content finds a filter to run.
enum class GitSettings { kOfCaller, kNone };

/// `git WORDS…` in `directory`. Nothing of the caller's GIT_* variables; no hook, monitor, prompt or housekeeping; no
/// objects are fetched from elsewhere.
Ran try_git(const std::string& directory, GitSettings settings, std::vector<std::string> words, Given given = {});
/// What it prints, without its last newline. Throws Error(kWorkspaceUnusable) with git's own words.
std::string git(const std::string& directory, GitSettings settings, std::vector<std::string> words, Given given = {});

/// The line in which git says why it gave up.
std::string complaint_of(const Ran& ran);

}  // namespace clawbox::session
