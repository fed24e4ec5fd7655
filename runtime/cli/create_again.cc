#include "cli/create_again.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/session_words.h"
#include "session/kept_session.h"
#include "session/resident.h"
#include "session/worktree.h"

namespace clawbox::cli {
namespace {

constexpr std::size_t kMostDifferences = 8;

/// Where two plans differ, as paths into what `explain --json` prints.
void collect_differences(const Json& before, const Json& now, const std::string& path,
                         std::vector<std::string>& found) {
  if (before == now) return;
  if (before.is_object() && now.is_object()) {
    const auto of = [&](const std::string& key) { return path.empty() ? key : fmt::format("{}.{}", path, key); };
    for (const auto& [key, value] : now.items()) collect_differences(before.value(key, Json()), value, of(key), found);
    for (const auto& [key, value] : before.items())
      if (!now.contains(key)) collect_differences(value, Json(), of(key), found);
    return;
  }
  if (before.is_array() && now.is_array() && before.size() == now.size()) {
    for (std::size_t i = 0; i < now.size(); ++i)
      collect_differences(before[i], now[i], fmt::format("{}[{}]", path, i), found);
    return;
  }
  const auto shown = [](const Json& json) {
    return escaped(json.dump(-1, ' ', false, Json::error_handler_t::replace), 80);
  };
  found.push_back(fmt::format("{}: {} in the session, {} now", path, shown(before), shown(now)));
}

Error other_wish(const CreateWords& words, const std::string& what, const std::vector<std::string>& differences) {
  const std::string& said = words.name.empty() ? words.id : words.name;
  std::string text = fmt::format("there is a session {} already, with {}", in_quotes(said), what);
  for (std::size_t i = 0; i < std::min(differences.size(), kMostDifferences); ++i) text += "\n  " + differences[i];
  if (differences.size() > kMostDifferences)
    text += fmt::format("\n  and {} more", differences.size() - kMostDifferences);
  return Error(ExitStatus::kSessionBusy, text,
               fmt::format("`clawbox rm --force {}` ends and removes it; or choose another name", said));
}

void require_same(const session::Facts& living, const session::Sessions& sessions, const CreateWords& words,
                  const Plan& plan) {
  std::vector<std::string> differences;
  if (living.plan_hash != session::hash_of(plan)) {
    if (const auto kept = session::KeptSession::open(sessions.directories().state, living.id))
      collect_differences(session::comparable(kept->plan()), session::comparable(session::explained(plan)), "",
                          differences);
    throw other_wish(words, "another plan", differences);
  }
  const Labels labels = labels_of(words.labels);
  collect_differences(Json(living.labels), Json(labels), "label", differences);
  if (labels != living.labels) throw other_wish(words, "other labels", differences);
  const Json care = as_json(care_of(words));
  collect_differences(living.care, care, "", differences);
  if (care != living.care) throw other_wish(words, "another --restart or --health", differences);
}

std::optional<session::Facts> living_as_asked(const session::Sessions& sessions, const CreateWords& words) {
  const bool by_name = !words.name.empty();
  const std::string& wanted = by_name ? words.name : words.id;
  auto living = wanted.empty() ? std::nullopt : sessions.living(wanted);
  if (living && (by_name ? living->name : living->id) != wanted) throw session::NameTaken(wanted);
  return living;
}

}  // namespace

session::Care care_of(const CreateWords& words) {
  session::Care care;
  const auto restart = session::restart_in(words.restart);
  if (!restart)
    throw Error(ExitStatus::kUsage, fmt::format("--restart {}: not a rule", in_quotes(words.restart)),
                "\"no\", \"on-failure\", or \"on-failure:3\" for at most three times");
  care.restart = *restart;
  care.health = {words.health, time_of("--health-interval", words.interval), time_of("--health-timeout", words.timeout),
                 words.failures};
  if (care.health.interval.count() > 0 && care.health.time.count() > 0) return care;
  throw Error(ExitStatus::kUsage, "--health-interval, --health-timeout: a time of nothing", "for example 30s");
}

std::string place_of(const CreateWords& words) { return words.plan.workspace.empty() ? "." : words.plan.workspace; }

std::optional<std::string> known_session(const session::Sessions& sessions, const CreateWords& words,
                                         const Plan& plan) {
  const auto living = living_as_asked(sessions, words);
  if (!living) return std::nullopt;
  require_same(*living, sessions, words, plan);
  sessions.ask(sessions.found(living->id), {{"do", "status"}}, std::chrono::seconds(30));  // when it is ready
  return living->id;
}

std::optional<std::string> known_with_worktree(const session::Sessions& sessions, const CreateWords& words,
                                               PlanWords plan_words) {
  const auto living = living_as_asked(sessions, words);
  if (!living) return std::nullopt;
  const auto& worktree = living->worktree;
  if (!worktree || worktree->branch != words.worktree ||
      worktree->repository != session::repository_at(place_of(words)))
    throw other_wish(
        words,
        worktree ? fmt::format("the branch {} of {}", in_quotes(worktree->branch), in_quotes(worktree->repository))
                 : "no worktree",
        {});
  plan_words.workspace = session::tree_of(*worktree);
  Stopwatch watch;
  return known_session(sessions, words, plan_of(plan_words, {}, watch));
}

}  // namespace clawbox::cli
