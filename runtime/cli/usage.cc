#include "cli/usage.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace clawbox::cli {
namespace {

/// The innermost verb that was recognised: `profile diff` in `clawbox profile diff x`.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.back());
}

/// "profile diff"; "" for clawbox itself.
std::string words_of(const CLI::App& verb) {
  if (verb.get_parent() == nullptr) return "";
  const std::string before = words_of(*verb.get_parent());
  return before.empty() ? verb.get_name() : before + " " + verb.get_name();
}

std::vector<std::string> verb_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::App* known : verb.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(known->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string text_after_verb(const CLI::App& verb, const std::string& text) {
  const std::string words = words_of(verb);
  return words.empty() ? text : words + ": " + text;
}

/// What other tools call it.
std::string verb_elsewhere(const std::string& word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kElsewhere{
      {{"help", "--help"}, {"delete", "rm"}, {"remove", "rm"}, {"list", "ls"}, {"ps", "ls"}}};
  for (const auto& [theirs, ours] : kElsewhere)
    if (word == theirs) return fmt::format(", did you mean '{}'?", ours);
  return "";
}

std::string missing_verb(const CLI::App& verb, const std::string& word) {
  if (word.empty()) return text_after_verb(verb, "a verb is missing");
  if (word.starts_with('-')) return unexpected_word(verb, word);
  const std::string elsewhere = verb.get_parent() == nullptr ? verb_elsewhere(word) : "";
  const std::string hint = elsewhere.empty() ? did_you_mean(word, verb_names(verb)) : elsewhere;
  return text_after_verb(verb, fmt::format("there is no verb {}{}", in_quotes(word), hint));
}

std::string missing_argument(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options())
    if (option->get_required() && option->count() == 0)
      return text_after_verb(verb, fmt::format("the argument {} is missing", in_quotes(option->get_name())));
  return text_after_verb(verb, "an argument is missing");
}

/// CLI11 writes "--profile: 1 required NAME missing" of an option without its value.
std::string mismatch(const CLI::App& verb, const std::string& said) {
  if (!said.ends_with(" missing")) return text_after_verb(verb, said);
  return text_after_verb(verb, fmt::format("{} needs a value", said.substr(0, said.find(':'))));
}

std::string what_is_wrong(const CLI::App& verb, const CLI::ParseError& error) {
  const std::vector<std::string> rest = verb.remaining();
  const std::string word = rest.empty() ? "" : rest.front();
  const bool wants_verb = verb.get_require_subcommand_min() > 0;
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (kind == CLI::ExitCodes::RequiredError && !wants_verb && !word.empty()) return unexpected_word(verb, word);
  if (kind == CLI::ExitCodes::RequiredError) return wants_verb ? missing_verb(verb, word) : missing_argument(verb);
  if (kind == CLI::ExitCodes::ExtrasError && !word.empty()) return unexpected_word(verb, word);
  if (kind == CLI::ExitCodes::ArgumentMismatch) return mismatch(verb, error.what());
  return text_after_verb(verb, error.what());
}

std::string where_to_look(const CLI::App& verb) {
  const std::vector<std::string> names = verb_names(verb);
  const std::string words = words_of(verb);
  const std::string help = words.empty() ? "clawbox" : "clawbox " + words;
  if (names.empty() || verb.get_require_subcommand_min() == 0)
    return fmt::format("`{} --help` lists its arguments and options", help);
  return fmt::format("the verbs are {}; `{} --help` says what they do", joined(names, ", "), help);
}

}  // namespace

std::string unexpected_word(const CLI::App& verb, const std::string& word) {
  return text_after_verb(verb, fmt::format("unexpected {}{}", in_quotes(word), did_you_mean(word, option_names(verb))));
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& verb = innermost(app);
  return Error(ExitStatus::kUsage, what_is_wrong(verb, error), where_to_look(verb));
}

}  // namespace clawbox::cli
