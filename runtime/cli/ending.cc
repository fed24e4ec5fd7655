// clawbox stop, kill, freeze, thaw, rm and prune: what is done to sessions as a whole.
#include <chrono>
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "cli/worktree_review.h"
#include "session/end_request.h"

namespace clawbox::cli {
namespace {

using namespace std::chrono_literals;
using session::EndRequest;
using session::Listed;
using session::Look;
using session::Sessions;

constexpr auto kUsualGrace = 10s;
constexpr auto kPatience = 20s;

struct EndWords {
  Choice choice;
  std::string grace, idle, age;
  bool force = false, dry_run = false;
};

/// The name of each for which `act` is true.
template <class Act>
int for_each(const Choice& choice, Look look, const Act& act) {
  const Sessions sessions = sessions_of_caller();
  Attempts attempts;
  for (const Listed& one : chosen(sessions, choice, look, attempts))
    attempts.attempt([&] {
      if (act(sessions, one)) print(one.shown() + "\n");
    });
  attempts.throw_first();
  return 0;
}

/// Of --all and --label those that have ended need nothing; who names one is told.
bool needs_nothing(const Choice& choice, const Listed& one) { return choice.names.empty() && !one.lives(); }

/// All are asked before one is waited for: none lives longer because another one hangs.
template <class Wait>
int end_all(const Choice& choice, const Json& request, const Wait& wait) {
  const Sessions sessions = sessions_of_caller();
  Attempts attempts;
  std::vector<EndRequest> asked;
  for (const Listed& one : chosen(sessions, choice, Look::kAtFacts, attempts))
    if (!needs_nothing(choice, one)) attempts.attempt([&] { asked.emplace_back(sessions, one, request); });
  for (EndRequest& one : asked)
    attempts.attempt([&] {
      wait(one);
      print(one.session().shown() + "\n");
      if (one.session().facts.at("kind") != "run")
        warn_of_protected(sessions.found(one.session().id(), Look::kAtFacts));
    });
  attempts.throw_first();
  return 0;
}

int stop(const EndWords& words) {
  const auto grace = words.grace.empty() ? std::chrono::milliseconds(kUsualGrace) : time_of("--grace", words.grace);
  return end_all(words.choice, {{"do", "stop"}, {"grace_ms", grace.count()}},
                 [&](EndRequest& one) { one.wait(grace + kPatience); });
}

int kill(const EndWords& words) {
  return end_all(words.choice, {{"do", "kill"}}, [](EndRequest& one) { one.insist(kPatience); });
}

int order(const EndWords& words, const std::string& what) {
  return for_each(words.choice, Look::kAtFacts, [&](const Sessions& sessions, const Listed& one) {
    if (needs_nothing(words.choice, one)) return false;
    sessions.ask(one, {{"do", what}}, kPatience);
    return true;
  });
}

void settle(const Listed& one) {
  if (const auto facts = session::facts_in(one.facts)) settle_worktree(*facts);
}

void remove(const Sessions& sessions, const Listed& one) {
  sessions.remove(one);
  settle(one);
}

/// Nothing is kept of the session of a `clawbox run`, so that it is gone with its end.
void kill_and_remove(const Sessions& sessions, const Listed& one, const std::string& verb) {
  EndRequest(sessions, one, {{"do", "kill"}, {"verb", verb}}).insist(kPatience);
  if (one.facts.at("kind") == "run") return;
  const Listed ended = sessions.found(one.id(), Look::kAtFacts);
  warn_of_protected(ended);
  remove(sessions, ended);
}

int rm(const EndWords& words) {
  return for_each(words.choice, Look::kAtFacts, [&](const Sessions& sessions, const Listed& one) {
    const bool kills = one.lives() && words.force;
    kills ? kill_and_remove(sessions, one, "rm --force") : remove(sessions, one);
    return true;
  });
}

struct Limits {
  std::optional<std::chrono::milliseconds> idle, age;
};

/// Lasting ones only: a `clawbox run` has somebody who waits for it.
bool is_due(const Listed& one, const Limits& limits) {
  if (one.facts.at("kind") == "run") return false;
  const int64_t age = session::now_ms() - one.facts.at("created_ms").get<int64_t>();
  const bool old = limits.age && age >= limits.age->count();
  if (!one.lives()) return old || !limits.age;
  const bool idle = limits.idle && one.status.contains("idle_ms") && one.status.at("commands").empty() &&
                    one.status.at("idle_ms").get<int64_t>() >= limits.idle->count();
  return old || idle;
}

int prune(const EndWords& words) {
  Limits limits;
  if (!words.idle.empty()) limits.idle = time_of("--idle", words.idle);
  if (!words.age.empty()) limits.age = time_of("--age", words.age);
  Choice choice = words.choice;
  choice.all = true;
  return for_each(choice, Look::kAtStatus, [&](const Sessions& sessions, const Listed& one) {
    if (!is_due(one, limits)) return false;
    if (words.dry_run) return true;
    one.lives() ? kill_and_remove(sessions, one, "prune") : remove(sessions, one);
    return true;
  });
}

constexpr const char* kStopFooter =
    "Examples:\n"
    "  clawbox stop work                               SIGTERM to all of it, after 10 s SIGKILL\n"
    "  clawbox stop -g 0 --label agent=reviewer        those with this label, at once";

constexpr const char* kKillFooter =
    "Examples:\n"
    "  clawbox kill work                               SIGKILL to all of it\n"
    "  clawbox kill --all                              every session of yours, those of `clawbox run` too\n"
    "\n"
    "A session whose supervisor does not answer is killed with it.";

constexpr const char* kFreezeFooter =
    "Examples:\n"
    "  clawbox freeze work; clawbox thaw work\n"
    "  clawbox freeze --all                            until you have looked what happens\n"
    "\n"
    "A frozen session takes no commands, and keeps its memory.";

constexpr const char* kRmFooter =
    "Examples:\n"
    "  clawbox rm work                                 one that has ended\n"
    "  clawbox rm --force work                         killed first, if it lives\n"
    "\n"
    "What its commands printed and its plan are gone. Its audit trail stays, and what an overlay kept: `clawbox "
    "diff`;\n"
    "also a worktree that has what is nowhere else.";

constexpr const char* kPruneFooter =
    "Examples:\n"
    "  clawbox prune --dry-run                         what has ended, and would be removed\n"
    "  clawbox prune --idle 2h                         also what has run no command for two hours\n"
    "  clawbox prune --age 7d                          only what is a week old, also what still lives";

struct Order {
  const char *name, *text, *footer;
  int (*act)(const EndWords&);
  void (*more)(CLI::App&, EndWords&) = [](CLI::App&, EndWords&) {};
};

Verb add_order(CLI::App& app, const Order& order) {
  auto words = std::make_shared<EndWords>();
  CLI::App* verb = app.add_subcommand(order.name, order.text);
  add_choice(*verb, words->choice);
  order.more(*verb, *words);
  verb->footer(order.footer);
  return {verb, [words, act = order.act] { return act(*words); }};
}

}  // namespace

Verb add_stop(CLI::App& app, const std::vector<std::string>&) {
  return add_order(
      app, {"stop", "End sessions: SIGTERM, and SIGKILL after a grace time", kStopFooter, stop,
            [](CLI::App& verb, EndWords& words) {
              verb.add_option("-g,--grace", words.grace, "how long SIGTERM has (default: 10s)")->type_name("TIME");
            }});
}

Verb add_kill(CLI::App& app, const std::vector<std::string>&) {
  return add_order(app, {"kill", "End sessions at once; `kill --all` is the one switch", kKillFooter, kill});
}

Verb add_freeze(CLI::App& app, const std::vector<std::string>&) {
  return add_order(app, {"freeze", "Let every process of a session stand still", kFreezeFooter,
                         [](const EndWords& words) { return order(words, "freeze"); }});
}

Verb add_thaw(CLI::App& app, const std::vector<std::string>&) {
  return add_order(app, {"thaw", "Let a frozen session go on", kFreezeFooter,
                         [](const EndWords& words) { return order(words, "thaw"); }});
}

Verb add_rm(CLI::App& app, const std::vector<std::string>&) {
  return add_order(app, {"rm", "Forget sessions that have ended; their audit trails and overlays stay", kRmFooter, rm,
                         [](CLI::App& verb, EndWords& words) {
                           verb.add_flag("-f,--force", words.force, "living ones too: they are killed first");
                         }});
}

Verb add_prune(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<EndWords>();
  CLI::App* verb =
      app.add_subcommand("prune", "Remove lasting sessions that have ended, and those that are idle or old");
  verb->add_option("--idle", words->idle, "living ones too that have run no command for this time")->type_name("TIME");
  verb->add_option("--age", words->age, "only what is older, and living ones too")->type_name("TIME");
  add_label_option(*verb, words->choice.labels, "only sessions with this label; may be repeated");
  verb->add_flag("--dry-run", words->dry_run, "print what would be removed");
  verb->footer(kPruneFooter);
  return {verb, [=] { return prune(*words); }};
}

}  // namespace clawbox::cli
