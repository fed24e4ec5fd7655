#include "cli/session_words.h"

#include <set>

#include "audit/hostile.h"
#include "base/characters.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"

namespace clawbox::cli {
namespace {

// Every look at a session reads its labels, and every request to execute sends the command's.
constexpr std::size_t kMostLabels = 32;
constexpr std::size_t kLongestLabel = 256;

bool can_be_shown(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.length == 0 || deceives(character.code)) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

void check_label(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string shown = in_quotes(word.substr(0, kLongestLabel));
  if (equals == 0 || equals == std::string::npos)
    throw Error(ExitStatus::kUsage, fmt::format("--label {}: not KEY=VALUE", shown),
                "for example --label agent=reviewer");
  if (word.size() > kLongestLabel || !can_be_shown(word))
    throw Error(ExitStatus::kUsage, fmt::format("--label {}: too long, or no text", shown),
                fmt::format("at most {} bytes that a terminal can show", kLongestLabel));
}

std::vector<session::Listed> named(const session::Sessions& sessions, const std::vector<std::string>& names,
                                   session::Look look, Attempts& attempts) {
  std::vector<session::Listed> some;
  std::set<std::string> known;
  for (const std::string& name : names)
    attempts.attempt([&] {
      session::Listed one = sessions.found(name, look);
      if (known.insert(one.id()).second) some.push_back(std::move(one));
    });
  return some;
}

}  // namespace

void add_label_option(CLI::App& verb, std::vector<std::string>& labels, const std::string& what) {
  verb.add_option("-l,--label", labels, what)->type_name("KEY=VALUE")->allow_extra_args(false)->check(not_empty());
}

Labels labels_of(const std::vector<std::string>& words) {
  if (words.size() > kMostLabels)
    throw Error(ExitStatus::kUsage, fmt::format("--label: there are {}", words.size()),
                fmt::format("at most {} of them", kMostLabels));
  Labels labels;
  for (const std::string& word : words) {
    check_label(word);
    const std::size_t equals = word.find('=');
    labels[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return labels;
}

std::chrono::milliseconds time_of(const std::string& option, const std::string& word) {
  const auto time = parse_duration(word);
  // What a timer of milliseconds in 32 bits holds: 49 days.
  if (time && time->count() >= 0 && time->count() <= UINT32_MAX) return *time;
  throw Error(ExitStatus::kUsage, fmt::format("{} {}: not a time", option, in_quotes(word)),
              "for example 500ms, 90s, 5m, 2h, 7d");
}

void warn_of_protected(const std::vector<Outcome::Change>& changes) {
  if (changes.empty()) return;
  std::string text =
      "files that can make the host run code later have changed; look at them before you use the workspace:";
  for (const Outcome::Change& change : changes) text += fmt::format("\n  {:8} {}", change.change, escaped(change.path));
  print_warning(text);
}

void warn_of_protected(const session::Listed& ended) {
  std::vector<Outcome::Change> changes;
  if (!ended.ended.is_object()) return;
  for (const Json& one : ended.ended.value("protected_changes", Json::array()))
    changes.push_back({audit::original_bytes(one.at("path")).value_or(""), one.value("change", "")});
  warn_of_protected(changes);
}

session::Sessions sessions_of_caller() { return session::Sessions(session::directories_of_caller()); }

void add_choice(CLI::App& verb, Choice& choice) {
  CLI::Option* names = verb.add_option("SESSION", choice.names, "names, ids, or the begins of ids")->check(not_empty());
  verb.add_flag("--all", choice.all, "every session of yours, those of `clawbox run` too")->excludes(names);
  add_label_option(verb, choice.labels, "only sessions with this label; may be repeated");
}

void Attempts::note(const Error& error) {
  if (first_) print_error(error);
  if (!first_) first_ = error;
}

void Attempts::throw_first() const {
  if (first_) throw Error(*first_);
}

std::vector<session::Listed> chosen(const session::Sessions& sessions, const Choice& choice, session::Look look,
                                    Attempts& attempts) {
  const Labels labels = labels_of(choice.labels);
  if (!choice.names.empty()) return named(sessions, choice.names, look, attempts);
  if (!choice.all && labels.empty())
    throw Error(ExitStatus::kUsage, "which session?",
                "name it, or say --all or --label KEY=VALUE; `clawbox ls` lists them");
  return sessions.all(labels, look);
}

}  // namespace clawbox::cli
