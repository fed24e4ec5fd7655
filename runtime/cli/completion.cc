#include "cli/completion.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"

namespace clawbox::cli {
namespace {

/// What a shell offers where a value is wanted; "" where nobody can know.
std::string kind_of(const CLI::Option& option) {
  struct Kind {
    std::string_view word, kind;
  };
  // By the name, else by the type that the help shows.
  constexpr std::array<Kind, 10> kKinds{{{"session", "session"},
                                         {"SESSION", "session"},
                                         {"--profile", "profile"},
                                         {"name", "profile"},
                                         {"first", "profile"},
                                         {"second", "profile"},
                                         {"--workdir", ""},  // inside
                                         {"--beneath", ""},
                                         {"DIR", "directory"},
                                         {"FILE", "file"}}};
  const std::string name = (option.get_positional() ? "" : "--") + option.get_single_name();
  for (const std::string& word : {name, option.get_type_name()})
    for (const Kind& known : kKinds)
      if (word == known.word) return std::string(known.kind);
  return "";
}

bool is_choice(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// "text, json, ocsf, tree (default: text)", or behind a colon: the words that a description lists.
std::vector<std::string> choices_of(const CLI::Option& option) {
  constexpr std::array<std::string_view, 4> kListed{"FORMAT", "STATUS", "OPERATION", "CHANGE"};
  const auto is_listed = [&](std::string_view word) {
    return word == option.get_type_name() || word == option.get_single_name();
  };
  if (std::none_of(kListed.begin(), kListed.end(), is_listed)) return {};
  std::string list = option.get_description();
  list = list.substr(0, list.find(" ("));
  const std::size_t colon = list.find(": ");
  if (colon != std::string::npos) list = list.substr(colon + 2);
  std::vector<std::string> choices;
  for (std::string& word : split(list, ' ')) {
    if (word.ends_with(',')) word.pop_back();
    if (!is_choice(word)) return {};
    choices.push_back(word);
  }
  return choices;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

Json described(const CLI::Option& option) {
  Json json{{"what", option.get_description()}, {"repeats", option.get_items_expected_max() > 1}};
  if (option.get_positional()) json["name"] = option.get_single_name();
  if (option.get_positional()) json["required"] = option.get_required();
  if (!option.get_positional()) json["names"] = names_of(option);
  if (!option.get_positional() && option.get_type_size_max() > 0) json["value"] = option.get_type_name();
  if (const std::string kind = kind_of(option); !kind.empty()) json["kind"] = kind;
  if (const std::vector<std::string> choices = choices_of(option); !choices.empty()) json["choices"] = choices;
  return json;
}

Json described(const CLI::App& verb) {
  Json options = Json::array(), arguments = Json::array(), verbs = Json::array();
  for (const CLI::Option* option : verb.get_options())
    (option->get_positional() ? arguments : options).push_back(described(*option));
  for (const CLI::App* below : verb.get_subcommands([](const CLI::App*) { return true; }))
    if (!below->get_group().empty()) verbs.push_back(described(*below));  // no group: hidden
  return {{"name", verb.get_name()},
          {"about", verb.get_description()},
          {"notes", verb.get_footer()},
          {"command", verb.get_prefix_command()},
          {"verb_required", verb.get_require_subcommand_min() > 0},
          {"options", std::move(options)},
          {"arguments", std::move(arguments)},
          {"verbs", std::move(verbs)}};
}

std::string lines_of(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return text;
}

std::string profiles() {
  std::set<std::string> names;
  for (const profile::Listed& entry : profile::list(search_path())) names.insert(escaped(entry.name));
  return lines_of(names);
}

/// As people call them; none of their supervisors is asked, since somebody waits for a key. bash expands these words
/// once more, and a name may have been written by another than us.
std::string sessions() {
  std::set<std::string> names;
  for (const session::Listed& one : sessions_of_caller().all({}, session::Look::kAtFacts))
    if (session::is_name(one.shown())) names.insert(one.shown());
  return lines_of(names);
}

int complete(const std::string& what, const CLI::App& app) {
  if (what == "json") print(described(app).dump(2) + "\n");
  if (what == "profiles") print(profiles());
  if (what == "sessions") print(sessions());
  if (what == "json" || what == "profiles" || what == "sessions") return 0;
  throw Error(ExitStatus::kUsage, fmt::format("completion: there is nothing called {}", in_quotes(what)),
              "it is one of json, profiles, sessions");
}

}  // namespace

Verb add_completion(CLI::App& app, const std::vector<std::string>& /*command*/) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "For the completions of shells, and for man pages")->group("");
  verb->add_option("WHAT", *what, "the command line as json, profiles, sessions")->required();
  return {verb, [what, &app] { return complete(*what, app); }};
}

}  // namespace clawbox::cli
