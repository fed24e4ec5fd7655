#include "cli/worktree_review.h"

#include <algorithm>
#include <climits>
#include <filesystem>
#include <sstream>

#include "audit/hostile.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "plan/protected_names.h"
#include "review/patch.h"
#include "session/kept_session.h"
#include "session/output.h"
#include "session/worktree.h"
#include "session/worktree_review.h"

namespace clawbox::cli {
namespace {

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

struct Changed {
  char letter = 'M';
  std::string path, from;
  bool is_risky = false;  // by `files.protect`
};

/// `git diff --name-status -z`: the letter, of a rename with a number; one name, of a rename two.
std::vector<Changed> changes_in(const std::string& text, const std::vector<std::string>& protect) {
  const std::vector<std::string> parts = parts_of(text, '\0');
  const plan::ProtectedNames risky(protect);
  std::vector<Changed> changes;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    Changed one{parts[i].empty() ? '?' : parts[i].front(), parts[i + 1], ""};
    if (one.letter == 'R' && i + 2 < parts.size()) one = {'R', parts[i + 2], parts[i + 1]}, ++i;
    one.is_risky = risky.name(one.path, plan::ProtectedNames::Kind::kOther);
    ++i;
    changes.push_back(std::move(one));
  }
  return changes;
}

const char* name_of(char letter) {
  switch (letter) {
    case 'A':
      return "added";
    case 'D':
      return "deleted";
    case 'R':
      return "renamed";
    default:
      return letter == 'T' ? "type" : "changed";
  }
}

void print_list(const std::vector<Changed>& changes) {
  std::string usual, risky;
  for (const Changed& one : changes)
    (one.is_risky ? risky : usual) +=
        fmt::format("  {} {}{}\n", one.letter, one.from.empty() ? "" : escaped(one.from, PATH_MAX) + " → ",
                    escaped(one.path, PATH_MAX));
  if (!risky.empty()) risky.insert(0, "These can make this host run code once they are checked out:\n");
  print(usual + (usual.empty() || risky.empty() ? "" : "\n") + risky);
}

/// An apply brings the branch as a whole: what to look at before it is merged.
void warn_of_risky(const WorktreeSession& session) {
  std::string text;
  for (const Changed& one :
       changes_in(session::compare_worktree(session.worktree, session::Part::kCommitted, {"--name-status", "-z", "--"}),
                  session.worktree.protect))
    if (one.is_risky) text += fmt::format("\n  {} {}", one.letter, escaped(one.path, PATH_MAX));
  if (!text.empty())
    print_warning("files of the branch can make this host run code once it is checked out; read them first:" + text);
}

void print_json(const WorktreeSession& session, session::Part part, const session::Taken& taken,
                const std::vector<Changed>& changes) {
  Json json{{"session", session.id},
            {"workspace", audit::hostile(session::tree_of(session.worktree))},
            {"repository", audit::hostile(session.worktree.repository)},
            {"branch", audit::hostile(session.worktree.branch)},
            {"base", session.worktree.base},
            {"tip", taken.tip},
            {"commits", taken.commits},
            {"has_uncommitted", taken.has_uncommitted},
            {"has_more_refs", taken.has_more_refs},
            {"part", part == session::Part::kCommitted ? "committed" : "uncommitted"},
            {"running", session.lives},
            {"changes", Json::array()}};
  for (const Changed& one : changes) {
    json["changes"].push_back(
        {{"change", name_of(one.letter)}, {"path", audit::hostile(one.path)}, {"risky", one.is_risky}});
    if (!one.from.empty()) json["changes"].back()["from"] = audit::hostile(one.from);
  }
  print(json.dump(2) + "\n");
}

void print_text(const std::string& changes) {
  session::Output output(session::Output::Through::kPager);
  output.put(output.is_terminal() ? review::visible(changes) : changes);
  output.flush();
}

void warn_of_rest(const std::string& id, const session::Taken& taken) {
  if (taken.has_uncommitted)
    print_warning(
        fmt::format("what is not committed stays in the session's worktree: `clawbox diff {} --uncommitted` "
                    "shows it",
                    id));
  if (taken.has_more_refs)
    print_warning("the session has commits beside its branch, on another one or in a stash: they stay there");
}

void fetch_and_tell(const WorktreeSession& session, const session::Taken& taken) {
  const session::Fetched fetched = session::fetch_branch(session.worktree, session.id);
  const std::string where = escaped(session.worktree.repository), branch = escaped(session.worktree.branch);
  const std::string what =
      fmt::format("{} commit{} up to {}", taken.commits, taken.commits == 1 ? "" : "s", taken.tip.substr(0, 12));
  if (fetched.refusal.empty())
    return print(fmt::format("{}: the branch {} of {} has what the session committed\n", what, branch, where));
  print_warning(fmt::format("the branch {} of {} stays as it is: {}", branch, where, fetched.refusal));
  print(fmt::format("{0}: {1} in {2}; git merge {1}\n", what, fetched.ref, where));
}

bool is_there(const session::Worktree& worktree) {
  std::error_code ignored;
  return std::filesystem::is_directory(worktree.directory, ignored);
}

}  // namespace

std::optional<WorktreeSession> worktree_session(const std::string& word) {
  const session::Sessions sessions = sessions_of_caller();
  const std::string id = sessions.id_of_name(word).value_or(word);
  std::vector<std::string> ids = session::KeptSession::ids(sessions.directories().state);
  if (id.empty()) return std::nullopt;
  std::erase_if(ids, [&](const std::string& one) { return !one.starts_with(id); });
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) ids = {id};
  const auto kept =
      ids.size() == 1 ? session::KeptSession::open(sessions.directories().state, ids.front()) : std::nullopt;
  const auto facts = kept ? session::facts_in(kept->json()) : std::nullopt;
  if (!facts || !facts->worktree) return std::nullopt;
  if (!is_there(*facts->worktree))
    throw Error(ExitStatus::kSessionMissing, fmt::format("the worktree of the session {} is gone", in_quotes(word)),
                "its branch was fetched, or it was discarded");
  return WorktreeSession{facts->id, *facts->worktree, sessions.living(facts->id).has_value()};
}

int diff_worktree(const WorktreeSession& session, session::Part part, DiffForm form,
                  const std::vector<std::string>& paths) {
  std::vector<std::string> words{form == DiffForm::kPatch  ? "--patch"
                                 : form == DiffForm::kStat ? "--stat"
                                                           : "--name-status"};
  if (form == DiffForm::kList || form == DiffForm::kJson) words.emplace_back("-z");
  words.emplace_back("--");
  words.insert(words.end(), paths.begin(), paths.end());
  const session::Taken taken = session::take_commits(session.worktree);
  const std::string changes = session::compare_worktree(session.worktree, part, words);
  if (form == DiffForm::kList) print_list(changes_in(changes, session.worktree.protect));
  if (form == DiffForm::kJson) print_json(session, part, taken, changes_in(changes, session.worktree.protect));
  if (form == DiffForm::kStat || form == DiffForm::kPatch) print_text(changes);
  if (part == session::Part::kCommitted && form != DiffForm::kJson) warn_of_rest(session.id, taken);
  return 0;
}

int apply_worktree(const WorktreeSession& session) {
  const session::Taken taken = session::take_commits(session.worktree);
  if (taken.commits == 0) print("the session has made no commit on its branch\n");
  if (taken.commits != 0) fetch_and_tell(session, taken), warn_of_risky(session);
  warn_of_rest(session.id, taken);
  const bool is_all = !taken.has_uncommitted && !taken.has_more_refs;
  if (is_all && !session.lives) {
    session::remove_worktree(session.worktree);
    print(fmt::format("nothing is left of session {}\n", session.id));
  }
  return static_cast<int>(is_all ? ExitStatus::kOk : ExitStatus::kProblemsFound);
}

int discard_worktree(const WorktreeSession& session) {
  if (session.lives)
    throw Error(ExitStatus::kProblemsFound, fmt::format("the session {} still runs", session.id),
                fmt::format("`clawbox rm --force {}` ends it", session.id));
  session::remove_worktree(session.worktree);
  print(fmt::format("nothing is left of session {}\n", session.id));
  return 0;
}

void settle_worktree(const session::Facts& facts) {
  if (!facts.worktree || !is_there(*facts.worktree)) return;
  const session::Worktree& worktree = *facts.worktree;
  try {
    const session::Taken taken = session::take_commits(worktree);
    const bool is_all = !taken.has_uncommitted && !taken.has_more_refs;
    if (is_all && session::has_commit(worktree, taken.tip)) return session::remove_worktree(worktree);
  } catch (const Error&) {
    // What cannot be read may be worth something to a person.
  }
  print_warning(
      fmt::format("its worktree stays, with work that is nowhere else: `clawbox apply {0}` fetches the branch "
                  "{1}, `clawbox discard {0}` removes it",
                  facts.id, escaped(worktree.branch)));
}

}  // namespace clawbox::cli
