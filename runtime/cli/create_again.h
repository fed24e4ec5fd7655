// What `clawbox create` was asked for, and whether a living session is that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/planning.h"
#include "session/facts.h"
#include "session/sessions.h"

namespace clawbox::cli {

struct CreateWords {
  PlanWords plan;
  std::string name, id, worktree;
  std::vector<std::string> labels;
  std::string restart = "no", health, interval = "30s", timeout = "10s";
  unsigned failures = 3;
  bool quiet = false, json = false;
};
session::Care care_of(const CreateWords& words);  // throws Error(kUsage)
/// Of the repository or directory that the session is to work on.
std::string place_of(const CreateWords& words);

/// The id of the living session that has this name, or id, and is the same in all: with this plan, these labels and
/// this care. Throws Error(kSessionBusy) with the differences where it is another one, NameTaken where what was asked
/// for as the name is the id of another session, or the other way round: two would answer to the same word.
std::optional<std::string> known_session(const session::Sessions& sessions, const CreateWords& words, const Plan& plan);
/// The same for one with a worktree, whose plan can be made once it is known where that lies.
std::optional<std::string> known_with_worktree(const session::Sessions& sessions, const CreateWords& words,
                                               PlanWords plan_words);

}  // namespace clawbox::cli
