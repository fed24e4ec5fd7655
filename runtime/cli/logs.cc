// clawbox logs: what detached commands printed.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "cli/planning.h"
#include "cli/print.h"
#include "cli/session_words.h"
#include "cli/verbs.h"
#include "review/patch.h"
#include "session/command_log.h"
#include "session/kept_session.h"

namespace clawbox::cli {
namespace {

using namespace std::chrono_literals;

struct LogsWords {
  std::string session;
  uint32_t command = 0;  // 0: the last one
  bool follow = false;
};

bool still_runs(const session::Sessions& sessions, const std::string& id, uint32_t command) try {
  const session::Listed session = sessions.found(id);
  const Json& commands = session.status.contains("commands") ? session.status.at("commands") : Json::array();
  return std::any_of(commands.begin(), commands.end(), [&](const Json& one) { return one.at("command") == command; });
} catch (const Error&) {
  return false;
}

Error no_log(const LogsWords& words, const session::Listed& session) {
  if (words.command > session.status.value("ran", words.command))
    return Error(ExitStatus::kProblemsFound, fmt::format("the session has run no command {}", words.command),
                 fmt::format("`clawbox log {} --event command` lists them", session.id()));
  return Error(ExitStatus::kProblemsFound,
               words.command == 0 ? std::string("no command of the session was detached")
                                  : fmt::format("the command {} has no log: it was not detached", words.command),
               "`clawbox exec --detach` makes one; the output of other commands went to whoever started them");
}

int logs(const LogsWords& words) {
  const session::Sessions sessions = sessions_of_caller();
  const session::Listed session = sessions.found(words.session);
  const auto kept = session::KeptSession::open(sessions.directories().state, session.id());
  const std::vector<uint32_t> known = kept ? session::logged_commands(*kept) : std::vector<uint32_t>();
  const uint32_t command = words.command != 0 || known.empty() ? words.command : known.back();
  if (std::find(known.begin(), known.end(), command) == known.end()) throw no_log(words, session);
  session::CommandLog log(*kept, command);
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    const bool goes_on =
        words.follow && still_runs(sessions, session.id(), command);  // before the look, or its last words are missed
    for (std::string piece; !(piece = log.next()).empty();) print(on_terminal ? review::visible(piece) : piece);
    if (!goes_on) return 0;
    std::this_thread::sleep_for(200ms);
  }
}

constexpr const char* kFooter =
    "Examples:\n"
    "  clawbox logs work                               of the last detached command\n"
    "  clawbox logs -f --exec 3 work                   of the third command, until it ends\n"
    "\n"
    "A terminal obeys nothing of it: control characters are shown as \\xNN there, and come as they are through a "
    "pipe.\n"
    "Exit status: 0 also when the command failed: `clawbox inspect` has its own in `ended_commands`, and so has\n"
    "`clawbox log --event command.end`. 1 when it has no log, 72 when there is no such session.";

}  // namespace

Verb add_logs(CLI::App& app, const std::vector<std::string>&) {
  auto words = std::make_shared<LogsWords>();
  CLI::App* verb =
      app.add_subcommand("logs", "Print what a detached command of a session has printed, its last 16 MiB");
  verb->add_option("SESSION", words->session, "its name, id, or a prefix of its id")->required()->check(not_empty());
  verb->add_option("--exec", words->command, "the number of the command (default: the last detached one)")
      ->type_name("N")
      ->check(CLI::Validator(
          [](std::string& word) {
            const bool digits = word.find_first_not_of("0123456789") == std::string::npos && word.size() < 10;
            return digits && std::stoul(word) != 0 ? "" : "not the number of a command: " + in_quotes(word);
          },
          ""));
  verb->add_flag("-f,--follow", words->follow, "go on until the command ends");
  verb->footer(kFooter);
  return {verb, [=] { return logs(*words); }};
}

}  // namespace clawbox::cli
