// What a session is, as it says of itself to whoever lists it. Stable: `clawbox ls --json` and `inspect` print it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "plan/plan.h"
#include "session/renewal.h"

namespace clawbox::session {

/// The workspace of `clawbox create --worktree` (worktree.h).
struct Worktree {
  std::string directory, repository, branch;
  std::string base;                  // the commit that the branch began with
  std::vector<std::string> protect;  // `files.protect` of the plan: what to look at before the branch is checked out
};

/// What a caller wants a session to be called, and what was prepared for it.
struct Wish {
  std::string id, name;  // or empty
  std::map<std::string, std::string> labels;
  Care care;
  std::optional<Worktree> worktree;
};

struct Facts {
  std::string id, name, profile, workspace, plan_hash;
  std::map<std::string, std::string> labels;
  int64_t created = 0;  // milliseconds since 1970
  pid_t supervisor = 0;
  Json care;  // of a lasting one (renewal.h)
  std::optional<Worktree> worktree;
  enum class Kind { kRun, kLasting } kind = Kind::kRun;  // of `clawbox run`, or of `clawbox create`
};

/// Milliseconds since 1970.
int64_t now_ms();

/// Sorts by time, and nobody can guess the rest.
std::string new_id();
Facts facts_of(const Plan& plan, const Wish& wish);
Json as_json(const Facts& facts);
/// Nothing where it is not of our making.
std::optional<Facts> facts_in(const Json& json);

/// What check_name lets pass.
bool is_name(const std::string& name);
/// Throws Error(kUsage) for a name or id that a path, a terminal or a person could take for something else: letters,
/// digits, `-`, `_` and `.` but not first, at most 64, and not `latest`. An id has no `.`: files are named after it.
void check_name(const std::string& name);
void check_id(const std::string& id);

/// The plan as `explain --json` prints it, but for what differs from one session of root to the next.
Json explained(const Plan& plan);
/// What of it makes a session another one. Not why a value is as it is; nor what only follows from where `create` is
/// called, or from what the workspace holds by now: variables passed on, and the files that `files.protect` finds.
Json comparable(Json explained);
/// SHA-256 of that.
std::string hash_of(const Plan& plan);

/// Root's sessions run on a host id that the pid of whoever lives as long as they do makes unique.
void move_to_own_host_id(Plan& plan);

}  // namespace clawbox::session
