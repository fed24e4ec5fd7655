// From the words of the command line to a plan: the part that `run` and `explain` share, so that they cannot differ.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/stopwatch.h"
#include "cli/cap_words.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "profile/profile.h"

namespace clawbox::cli {

struct PlanWords {
  std::string profile;
  std::string workspace, workdir;
  std::vector<std::string> environment;
  CapTexts caps;
  std::vector<std::string> publish;
  bool overlay = false;
  bool lasting = false;  // a session without a command of its own
};

/// `--profile "$UNSET"` must not mean the default.
CLI::Validator not_empty();
/// --profile, --workspace, --workdir, --env, --publish, --overlay, and the caps
void add_plan_words(CLI::App& verb, PlanWords& words);
/// NAME=VALUE of --env. Throws Error(kUsage).
std::pair<std::string, std::string> variable_of(const std::string& words);

/// Mistakes of a profile, all of them: printed by main(), each with its place.
class ProfileError : public Error {
 public:
  ProfileError(ExitStatus status, std::vector<profile::Diagnostic> mistakes)
      : Error(status, "the profile cannot be used"), mistakes_(std::move(mistakes)) {}
  const std::vector<profile::Diagnostic>& mistakes() const { return mistakes_; }

 private:
  std::vector<profile::Diagnostic> mistakes_;
};

profile::SearchPath search_path();
/// Throws ProfileError, or Error(kProfileMissing) with the nearest name.
profile::Profile read_profile(const std::string& name);
/// --profile, else `default_profile` of the caller's config.toml, else "coding".
std::string chosen_profile(const PlanWords& words);
/// `watch`: the laps "profile", "host" and "plan" are told to it.
Plan plan_of(const PlanWords& words, std::vector<std::string> argv, Stopwatch& watch);
/// The same for a profile that was read before; `words.profile` does not count.
Plan plan_of(const profile::Profile& profile, const PlanWords& words, std::vector<std::string> argv, Stopwatch& watch);
/// A plan to ask and not to run: without the caps of a control group, which the machine may not be able to hold.
Plan plan_to_ask(const profile::Profile& profile, PlanWords words);

}  // namespace clawbox::cli
