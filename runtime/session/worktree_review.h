// What a session has done in its worktree, and how it comes back.
//
// What a session wrote is read in a sandbox only, which sees nothing of the caller's home and ends by itself: git obeys
// a repository's configuration, attributes and hooks. Its commits leave that sandbox as a pack, whose objects git
// checks (index-pack --strict) in a repository that no session ever sees, base.git. What is shown and what the caller's
// repository gets both come from there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "session/facts.h"

namespace clawbox::session {

/// By the worktree's own word, but for the commits: who lies here hides its own work only.
struct Taken {
  std::string tip;          // the branch's last commit
  std::size_t commits = 0;  // how many it has that the branch did not begin with
  bool has_uncommitted = false;
  bool has_more_refs = false;  // another branch, a stash
};
/// Takes over the commits of the branch as it is now. This and what follows throws Error(kStateUnusable) where git
/// cannot read the worktree, or an object is not as it should be.
Taken take_commits(const Worktree& worktree);

enum class Part { kCommitted, kUncommitted };
/// `git diff WORDS…` of what was taken: from the commit with which the branch began to its last one, or from there to
/// the files as they are, but for those that .gitignore names.
std::string compare_worktree(const Worktree& worktree, Part part, const std::vector<std::string>& words);

/// Whether the repository that the branch came from has this commit.
bool has_commit(const Worktree& worktree, const std::string& commit);

/// What was taken, into the repository that the branch came from: forward only, and not where it is checked out.
struct Fetched {
  std::string refusal;  // git's words, where the branch stays as it is; empty: it was moved
  std::string ref;      // where the work is then
};
Fetched fetch_branch(const Worktree& worktree, const std::string& session_id);

}  // namespace clawbox::session
