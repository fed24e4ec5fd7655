// Wires the verbs to the command line, and turns exceptions into exit statuses.
#include <CLI/CLI.hpp>
#include <array>
#include <csignal>

#include "base/error.h"
#include "cli/completion.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/usage.h"
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

struct KnownVerb {
  std::string_view name;
  cli::Verb (*add)(CLI::App& app, const std::vector<std::string>& command);
};
constexpr std::array<KnownVerb, 23> kVerbs{
    {{"run", cli::add_run},         {"explain", cli::add_explain}, {"profile", cli::add_profile},
     {"doctor", cli::add_doctor},   {"create", cli::add_create},   {"exec", cli::add_exec},
     {"ls", cli::add_ls},           {"inspect", cli::add_inspect}, {"stats", cli::add_stats},
     {"logs", cli::add_logs},       {"stop", cli::add_stop},       {"kill", cli::add_kill},
     {"freeze", cli::add_freeze},   {"thaw", cli::add_thaw},       {"rm", cli::add_rm},
     {"prune", cli::add_prune},     {"diff", cli::add_diff},       {"apply", cli::add_apply},
     {"discard", cli::add_discard}, {"log", cli::add_log},         {"report", cli::add_report},
     {"fs", cli::add_fs},           {"network", cli::add_network}}};

/// The verb that the first word names, else all: the options of the others would cost every start a tenth of its time
/// before anything is done.
std::vector<cli::Verb> add_verbs(CLI::App& app, const Words& words) {
  const std::string first = words.own.empty() ? "" : words.own.back();
  for (const KnownVerb& verb : kVerbs)
    if (verb.name == first) return {verb.add(app, words.command)};
  std::vector<cli::Verb> all;
  all.reserve(kVerbs.size());
  for (const KnownVerb& verb : kVerbs) all.push_back(verb.add(app, words.command));
  if (first == "completion") all.push_back(cli::add_completion(app, words.command));  // describes them
  return all;
}

int dispatch(int argc, char** argv) {
  const Words words = split_at_dashes(argc, argv);
  CLI::App app(kAbout, "clawbox");
  app.set_version_flag("--version", "clawbox " CLAWBOX_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const std::vector<cli::Verb> verbs = add_verbs(app, words);
  std::vector<std::string> to_parse = words.own;
  try {
    app.parse(to_parse);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    throw cli::usage_error(app, error);
  }
  for (const cli::Verb& verb : verbs) {
    if (!verb.words->parsed()) continue;
    if (!verb.words->get_prefix_command() && !words.command.empty())
      throw Error(ExitStatus::kUsage, fmt::format("{} takes no command after `--`", verb.words->get_name()),
                  fmt::format("leave out `--`: `clawbox {} --help` lists what it takes", verb.words->get_name()));
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
    // A reader that is gone is an error of one write, not the end of the session's supervisor.
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) clawbox::throw_errno("ignoring SIGPIPE");
    // So is a file at the caller's own limit (ulimit -f).
    if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) clawbox::throw_errno("ignoring SIGXFSZ");
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
