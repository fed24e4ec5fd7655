// Words that the verbs of lasting sessions share.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "session/sessions.h"

namespace clawbox::cli {

using Labels = std::map<std::string, std::string>;

void add_label_option(CLI::App& verb, std::vector<std::string>& labels, const std::string& what);
/// Throws Error(kUsage) for what is not KEY=VALUE, and for more or longer ones than a session carries.
Labels labels_of(const std::vector<std::string>& words);
/// "10s" of an option. Throws Error(kUsage).
std::chrono::milliseconds time_of(const std::string& option, const std::string& word);

/// Of several things each is tried, also where one is refused.
class Attempts {
 public:
  template <class Act>
  void attempt(const Act& act) try {
    act();
  } catch (const Error& error) {
    note(error);
  }
  /// The first refusal; the others are printed as they come.
  void throw_first() const;

 private:
  void note(const Error& error);

  std::optional<Error> first_;
};

/// What a session did to files that make the host run code later; nothing where it did nothing.
void warn_of_protected(const std::vector<Outcome::Change>& changes);
/// The same of one that has ended, by what was kept of its end.
void warn_of_protected(const session::Listed& ended);

session::Sessions sessions_of_caller();
struct Choice {
  std::vector<std::string> names, labels;
  bool all = false;
};
void add_choice(CLI::App& verb, Choice& choice);
/// The named ones, each once; or all that have the labels, ended ones too. Throws Error(kUsage) where it says neither;
/// a name that is none is one of the `attempts`.
std::vector<session::Listed> chosen(const session::Sessions& sessions, const Choice& choice, session::Look look,
                                    Attempts& attempts);

}  // namespace clawbox::cli
