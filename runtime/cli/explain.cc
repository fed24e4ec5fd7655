// clawbox explain: the very plan that `run` executes, printed.
#include <memory>

#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "plan/explain.h"
#include "session/session.h"
#include "session/syscall_answer.h"

namespace clawbox::cli {
namespace {

struct ExplainWords {
  PlanWords plan;
  bool json = false, timing = false;
  std::string syscall;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  clawbox explain -- make test                    every mount, limit and rule, with the file and line it comes "
    "from\n"
    "  clawbox explain --json -- make test             the same for machines\n"
    "  clawbox explain --syscall mount                 what the compiled filter answers\n"
    "  clawbox explain --syscall socket,16,3,0         with arguments: AF_NETLINK, SOCK_RAW, NETLINK_ROUTE\n"
    "  clawbox explain --timing -- true                run it, and show how long each step took";

int show_timings(const Plan& plan, const Stopwatch& planning) {
  session::Session session(session::directories_of_caller());
  const Outcome outcome = session.run(plan);
  const auto& [launcher, child] = session.timings();
  for (const auto& [title, laps] : {std::pair("planning", planning.laps()), std::pair("launcher", launcher),
                                    std::pair("sandbox, within `set-up`", child)}) {
    fmt::print("{} (microseconds)\n", title);
    for (const std::string& lap : split(laps, ' ')) {
      const std::size_t equals = lap.find('=');
      if (equals != std::string::npos) fmt::print("  {:<12}{:>8}\n", lap.substr(0, equals), lap.substr(equals + 1));
    }
  }
  return outcome.exit_status;
}

int explain(const ExplainWords& words, std::vector<std::string> command) {
  if (!words.syscall.empty()) {
    const Plan plan = plan_to_ask(read_profile(chosen_profile(words.plan)), words.plan);
    print(session::syscall_answer(plan, session::directories_of_caller(), words.syscall));
    return 0;
  }
  if (command.empty()) command = {"true"};
  Stopwatch watch;
  const Plan plan = plan_of(words.plan, command, watch);
  if (words.timing) return show_timings(plan, watch);
  print(words.json ? plan::json_text(plan::explained_as_json(plan)) : plan::explained(plan));
  return 0;
}

}  // namespace

Verb add_explain(CLI::App& app, const std::vector<std::string>& command) {
  auto words = std::make_shared<ExplainWords>();
  CLI::App* verb =
      app.add_subcommand("explain", "Print what `run` would do: clawbox explain [OPTIONS] [-- COMMAND [ARG...]]")
          ->prefix_command();
  add_plan_words(*verb, words->plan);
  CLI::Option* json = verb->add_flag("--json", words->json, "for machines");
  CLI::Option* syscall = verb->add_option("--syscall", words->syscall, "ask the compiled filter about one system call")
                             ->check(not_empty())
                             ->excludes(json)
                             ->type_name("NAME[,ARG...]");
  verb->add_flag("--timing", words->timing, "run the command and show how long each step of the start took")
      ->excludes(json)
      ->excludes(syscall);
  verb->footer(kExamples);
  return {verb, [=, &command] { return explain(*words, command_of(*verb, command)); }};
}

}  // namespace clawbox::cli
