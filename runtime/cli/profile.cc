// clawbox profile: list, show, check and compare profiles.
#include "profile/profile.h"

#include <map>
#include <memory>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "plan/expectations.h"
#include "plan/host.h"
#include "session/session.h"
#include "session/syscall_answer.h"

namespace clawbox::cli {
namespace {

struct ProfileWords {
  std::string first, second;
  bool json = false, resolved = false;
};

int list(const ProfileWords& words) {
  Json all = Json::array();
  std::string text;
  for (const profile::Listed& entry : profile::list(search_path())) {
    all.push_back(
        {{"name", entry.name}, {"file", entry.file}, {"description", entry.description}, {"shadowed", entry.shadowed}});
    text += fmt::format("{:<12} {:<22} {}{}\n", escaped(entry.name), escaped(entry.file), escaped(entry.description),
                        entry.shadowed ? "  (a nearer file of this name wins)" : "");
  }
  print(words.json ? all.dump(2) + "\n" : text);
  return 0;
}

bool is_own(const profile::Profile& profile, const profile::ShownValue& value) {
  return value.origin.file == profile.origin.file;
}

/// Without --resolved only what the file itself says; with it every value, wherever it comes from.
int show(const ProfileWords& words) {
  const profile::Profile profile = read_profile(words.first.empty() ? chosen_profile({}) : words.first);
  Json all = Json::object();
  std::string text = fmt::format("# {}: {}\n", profile.name, escaped(profile.description));
  for (const profile::ShownValue& value : profile::shown(profile)) {
    if (!words.resolved && !is_own(profile, value)) continue;
    all[value.key].push_back({{"value", value.value}, {"origin", to_string(value.origin)}});
    text += fmt::format("{:<34} {:<40} # {}\n", value.key, escaped(value.value, 4096), to_string(value.origin));
  }
  print(words.json ? all.dump(2) + "\n" : text);
  return 0;
}

/// Reads the profile, makes a plan of it here, compiles its filter, and looks at its [[test]] entries.
int check(const ProfileWords& words) {
  const std::string name = words.first.empty() ? chosen_profile({}) : words.first;
  const profile::Profile profile = read_profile(name);
  const Plan plan = plan_to_ask(profile, {});
  const auto answer = [&](const std::string& call, const std::vector<uint64_t>& arguments) {
    return session::syscall_verdict(plan, session::directories_of_caller(), call, arguments);
  };
  session::filters_of(plan, session::directories_of_caller());  // throws what is wrong with the system calls
  std::vector<profile::Diagnostic> failed;
  for (const plan::Disappointment& test : plan::disappointments(profile.tests, plan, plan::look_at_host(), answer))
    failed.push_back({test.origin.file, test.origin.line, 0,
                      fmt::format("{} should be {} and is {}", in_quotes(test.what), test.expected, test.found)});
  if (!failed.empty()) throw ProfileError(ExitStatus::kProblemsFound, failed);
  print(fmt::format("{}: fine, [[test]] entries that hold: {}\n", profile.name, profile.tests.size()));
  return 0;
}

using ValuesByKey = std::map<std::string, std::set<std::string>>;

/// A list has one value per entry, whose order does not matter to a profile.
ValuesByKey values_of(const std::string& name) {
  ValuesByKey values;
  for (const profile::ShownValue& value : profile::shown(read_profile(name))) values[value.key].insert(value.value);
  return values;
}

std::string only_in(const std::set<std::string>& these, const std::set<std::string>& those, char mark) {
  std::string text;
  for (const std::string& value : these)
    if (!those.contains(value)) text += fmt::format("  {} {}\n", mark, escaped(value, 4096));
  return text;
}

int diff(const ProfileWords& words) {
  ValuesByKey first = values_of(words.first), second = values_of(words.second);
  std::set<std::string> keys;
  for (const auto& values : {first, second})
    for (const auto& entry : values) keys.insert(entry.first);
  std::string text;
  for (const std::string& key : keys) {
    const std::string lines = only_in(first[key], second[key], '-') + only_in(second[key], first[key], '+');
    if (!lines.empty()) text += fmt::format("{}\n{}", key, lines);
  }
  print(text);
  return text.empty() ? 0 : static_cast<int>(ExitStatus::kProblemsFound);
}

}  // namespace

Verb add_profile(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<ProfileWords>();
  CLI::App* verb = app.add_subcommand("profile", "List, show, check and compare profiles")->require_subcommand(1);
  CLI::App* list_verb = verb->add_subcommand("list", "The profiles of the search path, nearest first");
  list_verb->add_flag("--json", words->json, "for machines");
  CLI::App* show_verb =
      verb->add_subcommand("show", "The values of a profile, each with the file and line it comes from");
  show_verb->add_option("name", words->first, "profile (default: the one that `run` would take)");
  show_verb->add_flag("--resolved", words->resolved, "with everything that it inherits, and the defaults");
  show_verb->add_flag("--json", words->json, "for machines");
  CLI::App* check_verb =
      verb->add_subcommand("check", "Read a profile, plan with it here, and run its [[test]] entries");
  check_verb->add_option("name", words->first, "profile, or a path with a slash in it");
  verb->footer(
      "Exit status: 0; 1 when `check` finds a [[test]] that does not hold, and when `diff` finds differences; 65 "
      "and 66 when a profile is wrong or there is none of that name.");
  CLI::App* diff_verb =
      verb->add_subcommand("diff", "What differs between two profiles; exit status 1 if anything does");
  diff_verb->add_option("first", words->first, "the one profile")->required();
  diff_verb->add_option("second", words->second, "the other profile")->required();
  return {verb, [=] {
            if (list_verb->parsed()) return list(*words);
            if (show_verb->parsed()) return show(*words);
            if (check_verb->parsed()) return check(*words);
            return diff(*words);
          }};
}

}  // namespace clawbox::cli
