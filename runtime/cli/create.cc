// clawbox create: a session that stays, for `clawbox exec`.
#include <filesystem>
#include <memory>

#include "cli/create_again.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "session/resident.h"
#include "session/worktree.h"

namespace clawbox::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox create --name work                      a session on the current directory; prints its id\n"
    "  clawbox exec -it work -- bash                   a shell in it\n"
    "  clawbox rm --force work                         end and remove it\n"
    "  clawbox create --name fix --worktree fix-login  on a branch of its own; `diff` and `apply` bring it back\n"
    "\n"
    "Created again with the same words the living session answers; with another plan, label or --restart that is an "
    "error.";

struct Made {
  std::string id;
  bool is_new = false;
};

/// Of two creators of one name one wins, and the other finds its session.
Made made(const session::Sessions& sessions, const CreateWords& words, const Plan& plan) {
  if (const auto known = known_session(sessions, words, plan)) return {*known, false};
  print_shortfalls(plan.shortfalls, words.quiet ? Telling::kLoudOnly : Telling::kAll);
  try {
    return {session::create(sessions.directories(), plan,
                            {words.id, words.name, labels_of(words.labels), care_of(words), {}}),
            true};
  } catch (const session::NameTaken&) {
    if (const auto known = known_session(sessions, words, plan)) return {*known, false};
    throw;
  }
}

Made start_on(const session::Sessions& sessions, const CreateWords& words, PlanWords plan_words,
              const session::Wish& wish) {
  plan_words.workspace = session::tree_of(*wish.worktree);
  Stopwatch watch;
  const Plan plan = plan_of(plan_words, {}, watch);
  print_shortfalls(plan.shortfalls, words.quiet ? Telling::kLoudOnly : Telling::kAll);
  if (!words.quiet && std::filesystem::exists(plan_words.workspace + "/.gitmodules"))
    print_warning("the submodules of the worktree are empty directories: nothing is fetched for them");
  return {session::create(sessions.directories(), plan, wish), true};
}

Made made_with_worktree(const session::Sessions& sessions, const CreateWords& words, const PlanWords& plan_words) {
  if (const auto known = known_with_worktree(sessions, words, plan_words)) return {*known, false};
  session::Wish wish{
      words.id.empty() ? session::new_id() : words.id, words.name, labels_of(words.labels), care_of(words), {}};
  wish.worktree = session::make_worktree(sessions.directories(), wish.id, place_of(words), words.worktree);
  try {
    return start_on(sessions, words, plan_words, wish);
  } catch (const session::NameTaken&) {
    session::remove_worktree(*wish.worktree);
    if (const auto known = known_with_worktree(sessions, words, plan_words)) return {*known, false};
    throw;
  } catch (const std::exception&) {
    session::remove_worktree(*wish.worktree);
    throw;
  }
}

int create(const CreateWords& words) {
  if (!words.name.empty()) session::check_name(words.name);
  if (!words.id.empty()) session::check_id(words.id);
  Stopwatch watch;
  PlanWords plan_words = words.plan;
  plan_words.lasting = true;
  const session::Sessions sessions = sessions_of_caller();
  const Made session = words.worktree.empty() ? made(sessions, words, plan_of(plan_words, {}, watch))
                                              : made_with_worktree(sessions, words, plan_words);
  const Json json{{"id", session.id}, {"name", words.name}, {"created", session.is_new}};
  print(words.json ? json.dump() + "\n" : session.id + "\n");
  return 0;
}

void add_care_words(CLI::App& verb, CreateWords& words) {
  verb.add_option("--restart", words.restart, "build the sandbox anew when it fails: on-failure[:N]")
      ->type_name("RULE");
  verb.add_option("--health", words.health, "a command, for sh -c inside, that succeeds while all is well")
      ->type_name("COMMAND");
  verb.add_option("--health-interval", words.interval, "how often it is run (30s)")->type_name("TIME");
  verb.add_option("--health-timeout", words.timeout, "how long it may take (10s)")->type_name("TIME");
  verb.add_option("--health-failures", words.failures, "after how many in a row the session is unhealthy (3)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
}

void add_worktree_word(CLI::App& verb, CreateWords& words) {
  verb.add_option("--worktree", words.worktree,
                  "work on a fresh copy of this branch of the workspace's git repository, and see nothing else of it")
      ->type_name("BRANCH")
      ->check(not_empty())
      ->excludes(verb.get_option("--overlay"));
}

}  // namespace

Verb add_create(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<CreateWords>();
  CLI::App* verb = app.add_subcommand("create", "Make a session that stays, and print its id");
  CLI::Option* name =
      verb->add_option("-n,--name", words->name, "what to call it")->type_name("NAME")->check(not_empty());
  verb->add_option("--id", words->id, "its id, instead of one of our making")
      ->type_name("ID")
      ->check(not_empty())
      ->excludes(name);
  add_label_option(*verb, words->labels, "a label, to find it by; may be repeated");
  add_care_words(*verb, *words);
  add_plan_words(*verb, words->plan);
  add_worktree_word(*verb, *words);
  verb->add_flag("-q,--quiet", words->quiet, "do not say what is weaker than the profile asks");
  verb->add_flag("--json", words->json, "for machines");
  verb->footer(kExamples);
  return {verb, [=] { return create(*words); }};
}

}  // namespace clawbox::cli
