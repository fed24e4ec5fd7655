// The verbs of `clawbox`: each adds itself to the command line and gives back what to do when it was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/exit_status.h"

namespace clawbox::cli {

/// Runs the verb and returns the exit status of `clawbox`.
using Action = std::function<int()>;

struct Verb {
  CLI::App* words;
  Action action;
};

/// The command of `run` or `explain`: the words after `--`, or else those from the first that is no option of the verb.
/// Throws Error(kUsage) for an option that the verb does not know.
std::vector<std::string> command_of(const CLI::App& verb, const std::vector<std::string>& after_dashes);

/// `command`: the words after `--`, which only some verbs take.
Verb add_run(CLI::App& app, const std::vector<std::string>& command);
Verb add_explain(CLI::App& app, const std::vector<std::string>& command);
Verb add_profile(CLI::App& app, const std::vector<std::string>& command);
Verb add_doctor(CLI::App& app, const std::vector<std::string>& command);
Verb add_log(CLI::App& app, const std::vector<std::string>& command);
Verb add_diff(CLI::App& app, const std::vector<std::string>& command);
Verb add_apply(CLI::App& app, const std::vector<std::string>& command);
Verb add_discard(CLI::App& app, const std::vector<std::string>& command);
Verb add_report(CLI::App& app, const std::vector<std::string>& command);
Verb add_create(CLI::App& app, const std::vector<std::string>& command);
Verb add_exec(CLI::App& app, const std::vector<std::string>& command);
Verb add_fs(CLI::App& app, const std::vector<std::string>& command);
Verb add_ls(CLI::App& app, const std::vector<std::string>& command);
Verb add_inspect(CLI::App& app, const std::vector<std::string>& command);
Verb add_stats(CLI::App& app, const std::vector<std::string>& command);
Verb add_logs(CLI::App& app, const std::vector<std::string>& command);
Verb add_stop(CLI::App& app, const std::vector<std::string>& command);
Verb add_kill(CLI::App& app, const std::vector<std::string>& command);
Verb add_freeze(CLI::App& app, const std::vector<std::string>& command);
Verb add_thaw(CLI::App& app, const std::vector<std::string>& command);
Verb add_network(CLI::App& app, const std::vector<std::string>& command);
Verb add_rm(CLI::App& app, const std::vector<std::string>& command);
Verb add_prune(CLI::App& app, const std::vector<std::string>& command);

}  // namespace clawbox::cli
