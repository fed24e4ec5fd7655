// The workspace of `clawbox create --worktree BRANCH`: a git repository of its own, with that one branch of the
// caller's and nothing else of it.
//
//   ID/tree/      the session's workspace, and hostile as soon as the session has begun: git never runs on it outside
//   ID/base.git   the commit it began with, and what was taken over since (worktree_review.h); no session sees it
//   ID/reader.toml  the profile of the sandbox in which git reads the tree
//
// It is filled over git's transport: a clone of a path would copy every object that the caller's repository has, those
// of other branches and the stash among them. No remote, no hook, no setting of the caller's repository goes along, and
// files of git-lfs stay the pointers that are committed. Outlives its session, until its work has been fetched or
// discarded.
#pragma once

#include <string>

#include "session/directories.h"
#include "session/facts.h"

namespace clawbox::session {

/// From the repository that `place` lies in, with `branch`, which begins at HEAD where it does not exist. Throws
/// Error(kUsage) for what is no name of a branch, Error(kWorkspaceUnusable) where there is no repository or no commit,
/// Error(kSessionBusy) where an earlier session of this id has left one, Error(kFeatureMissing) without git.
Worktree make_worktree(const Directories& directories, const std::string& id, const std::string& place,
                       const std::string& branch);
/// The top of the repository that `place` lies in; of a bare one itself.
std::string repository_at(const std::string& place);

inline std::string tree_of(const Worktree& worktree) { return worktree.directory + "/tree"; }
inline std::string reader_profile_of(const Worktree& worktree) { return worktree.directory + "/reader.toml"; }
/// Without following a link; modes are no obstacle.
void remove_worktree(const Worktree& worktree);

}  // namespace clawbox::session
