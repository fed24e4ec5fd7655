// clawbox exec: a command in a session that lives.
#include <iterator>
#include <memory>

#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/usage.h"
#include "cli/verbs.h"
#include "session/environment_file.h"
#include "session/exec_client.h"

namespace clawbox::cli {
namespace {

struct ExecWords {
  std::string session, workdir, env_file, time;
  std::vector<std::string> environment, labels;
  bool interactive = false, terminal = false, once = false, detach = false, json = false;
};

constexpr const char* kForm = "clawbox exec [OPTIONS] SESSION -- COMMAND [ARG...]";

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox exec work -- make test                  nothing to read; output and status as usual\n"
    "  clawbox exec -i work -- psql <dump.sql          with standard input\n"
    "  clawbox exec -it work -- bash                   with a terminal of its own\n"
    "  clawbox exec --detach work -- ./server          goes on alone; `clawbox logs work` shows what it prints\n"
    "\n"
    "Exit status: the command's own, as of `clawbox run`; 72 when there is no such session; 75 when it cannot take a\n"
    "command now.";

std::chrono::milliseconds time_limit_of(const std::string& word) {
  const auto time = time_of("--timeout", word);
  if (time.count() == 0) throw Error(ExitStatus::kUsage, "--timeout 0: no command ends in no time", "leave it out");
  return time;
}

/// All but what is in --env-file.
session::ExecWish wish_of(const ExecWords& words, const std::vector<std::string>& command) {
  session::ExecWish wish;
  wish.command.argv = command;
  wish.command.directory = words.workdir;
  for (const std::string& variable : words.environment) wish.command.environment.push_back(variable_of(variable));
  wish.labels = labels_of(words.labels);
  if (!words.time.empty()) wish.time = time_limit_of(words.time);
  wish.terminal = words.terminal ? session::ExecWish::Terminal::kOwn : session::ExecWish::Terminal::kNone;
  wish.input = words.interactive ? session::ExecWish::Input::kPassed : session::ExecWish::Input::kNone;
  wish.detached = words.detach;
  return wish;
}

/// Before the variables of the words, which are nearer.
void add_variables_of_file(const ExecWords& words, session::ExecWish& wish) {
  auto variables =
      session::variables_in(words.env_file, words.once ? session::AfterReading::kUnlink : session::AfterReading::kKeep);
  auto& known = wish.command.environment;
  known.insert(known.begin(), std::make_move_iterator(variables.begin()), std::make_move_iterator(variables.end()));
}

int exec(const ExecWords& words, const std::vector<std::string>& command) {
  if (command.empty()) throw Error(ExitStatus::kUsage, "no command was given", kForm);
  const session::Sessions sessions = sessions_of_caller();
  session::ExecWish wish = wish_of(words, command);
  const session::Listed session = sessions.found(words.session, session::Look::kAtFacts);
  OwnedFd connection = sessions.connect(session);
  if (!words.env_file.empty()) add_variables_of_file(words, wish);  // last: it may be there for once only
  const session::ExecEnd end = session::execute(std::move(connection), wish, print_notice);
  const Json started{{"session", session.id()}, {"command", end.command}};
  if (words.detach && end.detail.empty()) print(words.json ? started.dump() + "\n" : fmt::format("{}\n", end.command));
  const bool failed = end.exit_status == static_cast<int>(ExitStatus::kNotFound) || !end.remedy.empty();
  if (!end.detail.empty() && failed)
    print_error(Error(static_cast<ExitStatus>(end.exit_status), end.detail, end.remedy));
  if (!end.detail.empty() && !failed) print_warning(end.detail);
  return end.exit_status;
}

void add_options(CLI::App& verb, ExecWords& words) {
  CLI::Option* detach = verb.add_flag("-d,--detach", words.detach, "do not wait; print the command's number");
  verb.add_flag("--json", words.json, "with --detach: the session's id and the number, for machines")->needs(detach);
  verb.add_flag("-i,--interactive", words.interactive, "pass standard input on")->excludes(detach);
  verb.add_flag("-t,--tty", words.terminal, "give it a terminal of its own")->excludes(detach);
  add_label_option(verb, words.labels, "a label for its records; may be repeated");
  verb.add_option("--workdir", words.workdir, "where it starts, inside (default: as the session)")
      ->type_name("DIR")
      ->check(not_empty());
  verb.add_option("--timeout", words.time, "end it after this time, with status 124")
      ->type_name("TIME")
      ->check(not_empty());
}

void add_environment_options(CLI::App& verb, ExecWords& words) {
  verb.add_option("-e,--env", words.environment, "set a variable for it; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  CLI::Option* file = verb.add_option("--env-file", words.env_file,
                                      "variables from FILE, which only you may read: a line each, or ended by NUL")
                          ->type_name("FILE")
                          ->check(not_empty());
  verb.add_flag("--env-file-once", words.once, "remove FILE once it is open")->needs(file);
}

/// SESSION and, where it does not stand behind `--`, the command. Options of ours behind SESSION would silently be the
/// command's.
int exec(const CLI::App& verb, ExecWords words, const std::vector<std::string>& command) {
  std::vector<std::string> rest = verb.remaining();
  if (rest.empty()) throw Error(ExitStatus::kUsage, "exec: which session?", "`clawbox ls` lists them");
  words.session = rest.front();
  if (words.session.starts_with("-")) throw Error(ExitStatus::kUsage, unexpected_word(verb, words.session), kForm);
  rest.erase(rest.begin());
  if (!rest.empty() && rest.front().starts_with("-"))
    throw Error(ExitStatus::kUsage, fmt::format("exec: {}: options stand before SESSION", in_quotes(rest.front())),
                kForm);
  if (!rest.empty() && !command.empty()) throw Error(ExitStatus::kUsage, unexpected_word(verb, rest.front()), kForm);
  return exec(words, command.empty() ? rest : command);
}

}  // namespace

Verb add_exec(CLI::App& app, const std::vector<std::string>& command) {
  auto words = std::make_shared<ExecWords>();
  CLI::App* verb = app.add_subcommand("exec", fmt::format("Run a command in a session: {}", kForm))->prefix_command();
  add_options(*verb, *words);
  add_environment_options(*verb, *words);
  verb->footer(kExamples);
  return {verb, [=, &command] { return exec(*verb, *words, command); }};
}

}  // namespace clawbox::cli
