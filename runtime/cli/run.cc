// clawbox run: one command in one sandbox.
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/review_offer.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "session/records.h"
#include "session/session.h"

namespace clawbox::cli {
namespace {

struct RunWords {
  PlanWords plan;
  std::string outcome_file;
  bool quiet = false;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox run -- make test                        the profile `coding`, the current directory as workspace\n"
    "  clawbox run --profile readonly -- rg TODO       look, do not touch\n"
    "  clawbox run -w ~/src/app -e CI=1 -- npm test    another workspace, one more variable\n"
    "  clawbox run --overlay -- ./agent                review what it changed, then apply or discard it\n"
    "\n"
    "Exit status: the command's own; 128+n when signal n ended it; 124 when a cap did; 126 and 127 when it could not "
    "be\n"
    "executed or found; 64-78 and 125 when the sandbox could not be built (clawbox(1)).";

void tell(const Outcome& outcome) {
  if (!outcome.detail.empty()) print_warning(outcome.detail);
  if (!outcome.overlay.empty())
    print_warning("the workspace is as it was; what was written over it is in " + escaped(outcome.overlay));
  warn_of_protected(outcome.protected_changes);
}

Outcome failed(const Error& error) {
  Outcome outcome;
  outcome.ended_by = EndedBy::kFailed;
  outcome.exit_status = static_cast<int>(error.status());
  outcome.detail = error.what();
  return outcome;
}

Outcome outcome_of(const RunWords& words, const std::vector<std::string>& command) {
  Stopwatch watch;
  const Plan plan = plan_of(words.plan, command, watch);
  print_shortfalls(plan.shortfalls, words.quiet ? Telling::kLoudOnly : Telling::kAll);
  return session::Session(session::directories_of_caller(), print_notice).run(plan);
}

int run(const RunWords& words, const std::vector<std::string>& command) {
  std::optional<session::OutcomeFile> file;
  if (!words.outcome_file.empty()) file.emplace(words.outcome_file);  // before the run: later it is too late to refuse
  try {
    const Outcome outcome = outcome_of(words, command);
    tell(outcome);
    if (file) file->write(outcome);
    if (!outcome.overlay.empty()) offer_review(outcome.overlay, words.quiet ? MayAsk::kNo : MayAsk::kYes);
    return outcome.exit_status;
  } catch (const Error& error) {
    if (file) file->write(failed(error));
    throw;
  }
}

}  // namespace

Verb add_run(CLI::App& app, const std::vector<std::string>& command) {
  auto words = std::make_shared<RunWords>();
  CLI::App* verb = app.add_subcommand("run", "Run a command in a sandbox: clawbox run [OPTIONS] -- COMMAND [ARG...]")
                       ->prefix_command();
  add_plan_words(*verb, words->plan);
  verb->add_option("--outcome", words->outcome_file, "write how it ended to FILE, as JSON")
      ->type_name("FILE")
      ->check(not_empty());
  verb->add_flag("-q,--quiet", words->quiet,
                 "do not say what is weaker than the profile asks; the host's network is said all the same");
  verb->footer(kExamples);
  return {verb, [=, &command] { return run(*words, command_of(*verb, command)); }};
}

}  // namespace clawbox::cli
