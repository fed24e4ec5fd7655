// What `clawbox diff`, `apply`, `discard` and `rm` do with the worktree of a session (session/worktree.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/facts.h"
#include "session/worktree_review.h"

namespace clawbox::cli {

struct WorktreeSession {
  std::string id;
  session::Worktree worktree;
  bool lives = false;
};

/// By name, id, or the only begin of an id; nothing where that has no worktree. Throws Error(kSessionMissing) for one
/// whose worktree is gone.
std::optional<WorktreeSession> worktree_session(const std::string& word);

enum class DiffForm { kList, kStat, kPatch, kJson };
/// What `apply` would bring; or what it would not, since it is not committed.
int diff_worktree(const WorktreeSession& session, session::Part part, DiffForm form,
                  const std::vector<std::string>& paths);
/// The branch, into the repository that it came from; then nothing is kept of a session that is over and left no more.
int apply_worktree(const WorktreeSession& session);
int discard_worktree(const WorktreeSession& session);
/// After the session was removed: its worktree, if it has one, goes too, unless that has what is nowhere else.
void settle_worktree(const session::Facts& facts);

}  // namespace clawbox::cli
