// clawbox profile: list, show, check and compare profiles.
#include "profile/profile.h"

#include <map>
#include <memory>

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
    text += fmt::format("{:<14} {:<52} {}{}\n", escaped(entry.name), escaped(entry.description), escaped(entry.file),
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
    all[value.key] = {{"value", value.value}, {"origin", to_string(value.origin)}};
    text += fmt::format("{:<34} {:<40} # {}\n", value.key, escaped(value.value, 4096), to_string(value.origin));
  }
  print(words.json ? all.dump(2) + "\n" : text);
  return 0;
}

/// Reads the profile, makes a plan of it here, compiles its filter, and looks at its [[test]] entries.
int check(const ProfileWords& words) {
  const std::string name = words.first.empty() ? chosen_profile({}) : words.first;
  const profile::Profile profile = read_profile(name);
  Stopwatch watch;
  PlanWords plan_words;
  plan_words.profile = name;
  const Plan plan = plan_of(plan_words, {"true"}, watch);
  const auto answer = [&](const std::string& call, const std::vector<uint64_t>& arguments) {
    return session::syscall_verdict(plan, session::directories_of_caller(), call, arguments);
  };
  std::vector<profile::Diagnostic> failed;
  for (const plan::Disappointment& test : plan::disappointments(profile.tests, plan, plan::look_at_host(), answer))
    failed.push_back({test.origin.file, test.origin.line, 0,
                      fmt::format("{} should be {} and is {}", in_quotes(test.what), test.expected, test.found)});
  if (!failed.empty()) throw ProfileError(ExitStatus::kProblemsFound, failed);
  print(fmt::format("{}: fine, {} tests hold\n", profile.name, profile.tests.size()));
  return 0;
}

int diff(const ProfileWords& words) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const profile::ShownValue& value : profile::shown(read_profile(words.first)))
    values[value.key].first = value.value;
  for (const profile::ShownValue& value : profile::shown(read_profile(words.second)))
    values[value.key].second = value.value;
  int status = 0;
  for (const auto& [key, pair] : values) {
    if (pair.first == pair.second) continue;
    print(fmt::format("{}\n  - {}\n  + {}\n", key, escaped(pair.first, 4096), escaped(pair.second, 4096)));
    status = static_cast<int>(ExitStatus::kProblemsFound);
  }
  return status;
}

}  // namespace

Verb add_profile(CLI::App& app) {
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
  CLI::App* diff_verb =
      verb->add_subcommand("diff", "What differs between two profiles; exit status 1 if anything does");
  diff_verb->add_option("first", words->first, "profile")->required();
  diff_verb->add_option("second", words->second, "profile")->required();
  return {verb, [=] {
            if (list_verb->parsed()) return list(*words);
            if (show_verb->parsed()) return show(*words);
            if (check_verb->parsed()) return check(*words);
            return diff(*words);
          }};
}

}  // namespace clawbox::cli
