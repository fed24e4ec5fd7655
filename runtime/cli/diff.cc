// clawbox diff: what an overlay session, or one with a worktree, changed.
#include <chrono>
#include <climits>
#include <memory>

#include "audit/hostile.h"
#include "audit/reader_record.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/change_list.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/review_session.h"
#include "cli/review_verbs.h"
#include "cli/verbs.h"
#include "cli/worktree_review.h"
#include "review/apply.h"
#include "review/patch.h"
#include "review/selection.h"
#include "review/survey.h"
#include "session/output.h"

namespace clawbox::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  clawbox diff                                    the sessions that kept something\n"
    "  clawbox diff latest                             what the youngest of them changed\n"
    "  clawbox diff 6a44c01f src --patch               what it wrote below src, line by line\n"
    "  clawbox diff latest --patch | git apply -       for other tools; holds no binary files and no directories\n"
    "\n"
    "Letters: A added, M modified, R renamed, D deleted, T another type. Files that can make this host run code later\n"
    "(.git/hooks, settings of shells, editors, agents and CI) and symlinks that lead out of the workspace stand "
    "apart.\n"
    "A session that still runs can be looked at too.\n"
    "Exit status: 0; 64 when there is no such path, 72 when there is no such session, 67 when the workspace is gone, "
    "73 when what the "
    "session\n"
    "wrote cannot be read.";

struct DiffWords {
  std::string session;
  std::vector<std::string> paths;
  bool stat = false, patch = false, json = false, uncommitted = false;
};

/// What is on disk of each session that kept something, without looking into it.
Json sessions_as_json() {
  Json sessions = Json::array();
  for (const std::string& id : review::kept_sessions(overlays_of_caller())) {
    try {
      const review::Layers layers = session_named(id);
      sessions.push_back(as_json({}, layers));
      sessions.back().erase("changes");
      sessions.back().erase("complete");
    } catch (const Error& error) {
      sessions.push_back({{"session", id}, {"problem", escaped(error.what())}});
    }
  }
  return sessions;
}

int list_sessions(bool json) {
  const Json sessions = sessions_as_json();
  if (json) print(sessions.dump(2) + "\n");
  if (!json && sessions.empty()) print("no session has kept changes\n");
  for (const Json& session : json ? Json::array() : sessions) {
    const std::string id = session.at("session");
    if (session.contains("problem")) {
      print(fmt::format("{}  {}\n", id, session.at("problem").get<std::string>()));
      continue;
    }
    const std::string where = audit::original_bytes(session.at("workspace")).value_or("");
    print(fmt::format("{}  {}  {}{}\n", id, session.at("began").get<std::string>(), escaped(where),
                      session.at("running") == true ? "  (still runs)" : ""));
  }
  return static_cast<int>(ExitStatus::kOk);
}

void check(const DiffWords& words) {
  if (int{words.stat} + int{words.patch} + int{words.json} > 1)
    throw Error(ExitStatus::kUsage, "--stat, --patch and --json exclude each other", "choose one of them");
  if (words.session.empty() && (words.stat || words.patch))
    throw Error(ExitStatus::kUsage, "diff: which session?", "`clawbox diff` lists them; `latest` is the youngest");
}

}  // namespace

void print_patch(const review::Changes& changes, const review::Layers& layers) {
  session::Output output(session::Output::Through::kPager);
  const bool terminal = output.is_terminal();
  std::string left_out;
  for (std::size_t i = 0; i < changes.all.size() && !output.gone(); ++i) {
    const review::FilePatch patch = review::patch_of(changes.all[i], layers);
    output.put(terminal ? review::visible(patch.text) : patch.text);
    if (is_told(changes.all, i) && patch.text.empty())
      left_out += fmt::format("# {}\n", escaped(changes.all[i].path, PATH_MAX));
  }
  // Behind the patch: neither git nor patch(1) reads what follows it, and a reader sees it last.
  if (!left_out.empty()) output.put("# Not in this patch, since it is no text or has no place in one:\n" + left_out);
  output.flush();
}

namespace {

DiffForm form_of(const DiffWords& words) {
  if (words.stat) return DiffForm::kStat;
  if (words.patch) return DiffForm::kPatch;
  return words.json ? DiffForm::kJson : DiffForm::kList;
}

int diff(const DiffWords& words) {
  check(words);
  if (words.session.empty()) return list_sessions(words.json);
  if (const auto with_worktree = worktree_session(words.session))
    return diff_worktree(*with_worktree, words.uncommitted ? session::Part::kUncommitted : session::Part::kCommitted,
                         form_of(words), words.paths);
  if (words.uncommitted)
    throw Error(ExitStatus::kUsage, "--uncommitted is for a session with a worktree", "leave it out");
  const review::Layers layers = session_named(words.session);
  if (review::was_interrupted(layers))
    print_warning(
        fmt::format("an apply of this session was interrupted: `clawbox apply {}` finishes it; until then "
                    "this is not what the session changed",
                    layers.id()));
  review::Changes changes = review::survey(layers, risk_of(layers));
  if (!words.paths.empty()) changes.all = review::named(changes, paths_in(layers, words.paths));
  if (words.json) print(as_json(changes, layers).dump(2) + "\n");
  if (words.stat) print(stat_of(changes, layers));
  if (words.patch) print_patch(changes, layers);
  if (!words.json && !words.stat && !words.patch) print(change_list(changes, Stream::kOut));
  return static_cast<int>(ExitStatus::kOk);
}

}  // namespace

Verb add_diff(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto words = std::make_shared<DiffWords>();
  CLI::App* verb = app.add_subcommand("diff", "What an overlay session, or one with a worktree, changed");
  verb->add_option("session", words->session, "its name, a prefix of its id, or `latest` (default: list them)")
      ->type_name("SESSION")
      ->check(not_empty());
  verb->add_option("path", words->paths, "only these files and directories")->type_name("PATH")->check(not_empty());
  verb->add_flag("--stat", words->stat, "how many lines of each file");
  verb->add_flag("--patch", words->patch, "the lines themselves, as git writes them");
  verb->add_flag("--uncommitted", words->uncommitted, "of a worktree: what its session has not committed");
  verb->add_flag("--json", words->json, "for machines");
  verb->footer(kFooter);
  return {verb, [=] { return diff(*words); }};
}

}  // namespace clawbox::cli
