// clawbox apply and clawbox discard: what an overlay session changed goes into the workspace, or away.
#include "review/apply.h"

#include <algorithm>
#include <climits>
#include <memory>

#include "audit/hostile.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/review_session.h"
#include "cli/review_verbs.h"
#include "cli/verbs.h"
#include "cli/worktree_review.h"
#include "review/trim.h"

namespace clawbox::cli {
namespace {

using review::Applied;
using review::Left;
using review::Wish;

constexpr const char* kApplyFooter =
    "Examples:\n"
    "  clawbox apply latest                            all but what can make this host run code\n"
    "  clawbox apply 6a44c01f src Makefile             these alone; the rest stays to be reviewed\n"
    "  clawbox apply latest .git/hooks --include-risky after you have read them: clawbox diff latest .git/hooks "
    "--patch\n"
    "  clawbox apply latest --dry-run                  what it would do\n"
    "\n"
    "All or nothing: where the host has changed one of the files since the session began, nothing is applied. Each "
    "file\n"
    "is replaced by one rename; an apply that was interrupted is finished by the next one. Setuid bits, devices, "
    "fifos\n"
    "and sockets never leave the overlay. What was applied leaves the session.\n"
    "Of a session with a worktree (`clawbox create --worktree`) the branch is fetched into the repository it came "
    "from:\n"
    "only forward, and not where it is checked out; else the commits are refs/clawbox/ID there.\n"
    "Exit status: 0 when everything that was meant is applied; 1 when something was left, or conflicts, or the "
    "session\n"
    "still runs; 64, 67, 72, 73 as `clawbox diff`.";

constexpr const char* kDiscardFooter =
    "Examples:\n"
    "  clawbox discard 6a44c01f build                  what it wrote below build\n"
    "  clawbox discard latest                          everything that it wrote\n"
    "\n"
    "It does not ask, and it cannot be undone. The workspace is not touched.\n"
    "Exit status: 0; 1 when something was left, or the session still runs; 64, 67, 72, 73 as `clawbox diff`.";

struct ApplyWords {
  std::string session;
  std::vector<std::string> paths;
  bool risky = false, overwrite = false, dry_run = false, json = false;
};

constexpr std::size_t kMostTold = 20;

std::string list_of(const std::vector<Left>& left) {
  std::string text;
  for (std::size_t i = 0; i < std::min(left.size(), kMostTold); ++i)
    text += fmt::format("\n  {}: {}", escaped(left[i].path), escaped(left[i].why));
  if (left.size() > kMostTold) text += fmt::format("\n  … and {} more", left.size() - kMostTold);
  return text;
}

Json paths_as_json(const std::vector<std::string>& paths) {
  Json json = Json::array();
  for (const std::string& path : paths) json.push_back(audit::hostile(path));
  return json;
}

Json as_json(const std::vector<Left>& left) {
  Json json = Json::array();
  for (const Left& one : left) json.push_back({{"path", audit::hostile(one.path)}, {"why", escaped(one.why)}});
  return json;
}

Json as_json(const Applied& applied, const review::Layers& layers) {
  return {{"session", layers.id()},
          {"applied", paths_as_json(applied.paths)},
          {"left", as_json(applied.left)},
          {"conflicts", as_json(applied.conflicts)},
          {"finished_earlier", applied.began == Applied::Began::kEarlier},
          {"session_gone", applied.rest == Applied::Rest::kNone}};
}

std::string changes_text(std::size_t count) { return fmt::format("{} change{}", count, count == 1 ? "" : "s"); }

int status_of(bool whole) { return static_cast<int>(whole ? ExitStatus::kOk : ExitStatus::kProblemsFound); }

void refuse_parts(const ApplyWords& words) {
  if (words.paths.empty() && !words.risky && !words.overwrite && !words.dry_run && !words.json) return;
  throw Error(ExitStatus::kUsage, "the work of a session with a worktree is taken, or discarded, as a whole",
              "leave out paths and options; `clawbox diff` shows parts of it");
}

int apply(const ApplyWords& words) {
  if (const auto with_worktree = worktree_session(words.session)) {
    refuse_parts(words);
    return apply_worktree(*with_worktree);
  }
  review::remove_leftovers(overlays_of_caller());
  const review::Layers layers = session_named(words.session);
  layers.lock_for("apply");
  Wish wish{.paths = paths_in(layers, words.paths)};
  if (words.risky) wish.risky = Wish::Risky::kIncluded;
  if (words.overwrite) wish.host_changes = Wish::HostChanges::kOverwrite;
  const review::Mode mode = words.dry_run ? review::Mode::kDryRun : review::Mode::kReally;
  const Applied applied = review::apply(layers, risk_of(layers), wish, mode);
  if (!words.json) return tell_applied(applied, layers, mode);
  print(as_json(applied, layers).dump(2) + "\n");
  return status_of(applied.conflicts.empty() && applied.left.empty());
}

int discard(const ApplyWords& words) {
  if (const auto with_worktree = worktree_session(words.session)) {
    refuse_parts(words);
    return discard_worktree(*with_worktree);
  }
  review::remove_leftovers(overlays_of_caller());
  const review::Layers layers = session_named(words.session);
  layers.lock_for("discard");
  const review::Discarded discarded = review::discard(layers, risk_of(layers), paths_in(layers, words.paths));
  if (!words.json) return tell_discarded(discarded, layers);
  const Json json = {{"session", layers.id()},
                     {"discarded", paths_as_json(discarded.paths)},
                     {"left", as_json(discarded.left)},
                     {"session_gone", discarded.rest == Applied::Rest::kNone}};
  print(json.dump(2) + "\n");
  return status_of(discarded.left.empty());
}

void add_words(CLI::App& verb, ApplyWords& words) {
  verb.add_option("session", words.session, "its name, a prefix of its id, or `latest`")
      ->type_name("SESSION")
      ->required()
      ->check(not_empty());
  verb.add_option("path", words.paths, "only these files and directories (default: everything)")
      ->type_name("PATH")
      ->check(not_empty());
  verb.add_flag("--json", words.json, "say what was done for machines");
}

}  // namespace

int tell_applied(const Applied& applied, const review::Layers& layers, review::Mode mode) {
  const std::string where = escaped(layers.workspace());
  if (!applied.conflicts.empty()) {
    print_error(Error(ExitStatus::kProblemsFound, "nothing was applied, since:" + list_of(applied.conflicts),
                      "look at these files; name others to apply those, or overwrite the host's with --overwrite"));
    return status_of(false);
  }
  if (applied.began == Applied::Began::kEarlier) print_warning("an apply that was interrupted is finished now");
  const char* const done = mode == review::Mode::kDryRun ? "would apply" : "applied";
  print(fmt::format("{} {} to {}\n", done, changes_text(applied.paths.size()), where));
  if (mode == review::Mode::kDryRun)
    for (const std::string& path : applied.paths) print("  " + escaped(path, PATH_MAX) + "\n");
  if (!applied.left.empty()) print_warning("left in the session:" + list_of(applied.left));
  if (!applied.staging.empty())
    print_warning(
        fmt::format("somebody put a file where one was being replaced: it is in {}/{}", where, applied.staging));
  if (applied.rest == Applied::Rest::kNone) print(fmt::format("nothing is left of session {}\n", layers.id()));
  return status_of(applied.left.empty());
}

int tell_discarded(const review::Discarded& discarded, const review::Layers& layers) {
  print(fmt::format("discarded {}; {} was not touched\n", changes_text(discarded.paths.size()),
                    escaped(layers.workspace())));
  if (!discarded.left.empty()) print_warning("left in the session:" + list_of(discarded.left));
  if (discarded.rest == Applied::Rest::kNone) print(fmt::format("nothing is left of session {}\n", layers.id()));
  return status_of(discarded.left.empty());
}

Verb add_apply(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<ApplyWords>();
  CLI::App* verb = app.add_subcommand(
      "apply", "Put what an overlay session changed into its workspace, or fetch a worktree's branch");
  add_words(*verb, *words);
  verb->add_flag("--include-risky", words->risky,
                 "also what can make this host run code later, and symlinks that lead out of the workspace");
  verb->add_flag("--overwrite", words->overwrite, "also files that the host has changed since the session began");
  verb->add_flag("-n,--dry-run", words->dry_run, "only say what would be done");
  verb->footer(kApplyFooter);
  return {verb, [=] { return apply(*words); }};
}

Verb add_discard(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<ApplyWords>();
  CLI::App* verb = app.add_subcommand("discard", "Throw away what an overlay session changed, or a worktree");
  add_words(*verb, *words);
  verb->footer(kDiscardFooter);
  return {verb, [=] { return discard(*words); }};
}

}  // namespace clawbox::cli
