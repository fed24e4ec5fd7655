// Wires the verbs to the command line, and turns exceptions into exit statuses.
#include <CLI/CLI.hpp>
#include <csignal>

#include "base/error.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "config.h"
#include "supervise/caller_stdio.h"

namespace clawbox {
namespace {

constexpr const char* kAbout =
    "clawbox runs a command in a sandbox: no root, no setuid, no daemon.\n"
    "\n"
    "  clawbox run --profile coding -- make test       run it\n"
    "  clawbox explain --profile coding -- make test   see exactly what `run` would do\n"
    "  clawbox doctor                                  see whether this machine can";

/// The words before `--`, and the command after it.
struct Words {
  std::vector<std::string> own, command;
};

Words split_at_dashes(int argc, char** argv) {
  Words words;
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto dashes = std::find(all.begin(), all.end(), "--");
  words.own.assign(std::make_reverse_iterator(dashes), all.rend());  // CLI11 takes its words from the back
  if (dashes != all.end()) words.command.assign(dashes + 1, all.end());
  return words;
}

/// CLI11 says only that a verb is missing when there is one that it does not know.
std::string usage_text(const std::vector<std::string>& words, const CLI::ParseError& error) {
  const std::vector<std::string> verbs{"run", "explain", "profile", "doctor"};
  const std::string first = words.empty() ? "" : words.back();
  const bool unknown =
      !first.empty() && first.front() != '-' && std::find(verbs.begin(), verbs.end(), first) == verbs.end();
  return unknown ? fmt::format("there is no verb {}{}", in_quotes(first), did_you_mean(first, verbs)) : error.what();
}

int dispatch(int argc, char** argv) {
  const Words words = split_at_dashes(argc, argv);
  CLI::App app(kAbout, "clawbox");
  app.set_version_flag("--version", "clawbox " CLAWBOX_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const std::vector<cli::Verb> verbs{cli::add_run(app, words.command), cli::add_explain(app, words.command),
                                     cli::add_profile(app), cli::add_doctor(app)};
  std::vector<std::string> to_parse = words.own;
  try {
    app.parse(to_parse);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    throw Error(ExitStatus::kUsage, usage_text(words.own, error),
                "`clawbox --help` lists the verbs, `clawbox VERB --help` their options");
  }
  for (const cli::Verb& verb : verbs) {
    if (!verb.words->parsed()) continue;
    const bool runs = verb.words->get_name() == "run" || verb.words->get_name() == "explain";
    if (!runs && !words.command.empty())
      throw Error(ExitStatus::kUsage, fmt::format("{} takes no command after `--`", verb.words->get_name()));
    return verb.action();
  }
  return static_cast<int>(ExitStatus::kUsage);
}

}  // namespace
}  // namespace clawbox

int main(int argc, char** argv) {
  using clawbox::ExitStatus;
  try {
    clawbox::supervise::open_missing_stdio();
    std::signal(SIGPIPE,
                SIG_IGN);  // a reader that is gone is an error of one write, not the end of the session's supervisor
    return clawbox::dispatch(argc, argv);
  } catch (const clawbox::cli::ProfileError& error) {
    clawbox::cli::print_mistakes(error.mistakes());
    return static_cast<int>(error.status());
  } catch (const clawbox::Error& error) {
    clawbox::cli::print_error(error);
    return static_cast<int>(error.status());
  } catch (const std::exception& error) {
    clawbox::cli::print_error(
        clawbox::Error(ExitStatus::kInternal, error.what(), "this is a defect in clawbox: please report it"));
    return static_cast<int>(ExitStatus::kInternal);
  }
}
