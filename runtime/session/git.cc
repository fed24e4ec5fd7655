#include "session/git.h"

#include <cstdlib>
#include <iterator>
#include <sstream>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::session {
namespace {

std::vector<std::string> environment_of(GitSettings settings) {
  std::vector<std::string> environment{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1",
                                       "GIT_OPTIONAL_LOCKS=0"};
  std::vector<std::string> passed{"PATH"};
  if (settings == GitSettings::kOfCaller) passed.insert(passed.end(), {"HOME", "XDG_CONFIG_HOME"});
  for (const std::string& name : passed)
    if (const char* value = std::getenv(name.c_str()); value != nullptr) environment.push_back(name + "=" + value);
  if (settings == GitSettings::kNone)
    environment.insert(environment.end(), {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
                                           "GIT_ATTR_NOSYSTEM=1", "HOME=/nonexistent"});
  return environment;
}

std::vector<std::string> command_line(const std::string& directory, std::vector<std::string> words) {
  std::vector<std::string> argv{"git"};
  for (const char* setting :
       {"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.logAllRefUpdates=false",
        "core.alternateRefsCommand=true", "protocol.file.allow=always", "gc.auto=0", "maintenance.auto=false"})
    argv.insert(argv.end(), {"-c", setting});
  argv.insert(argv.end(), {"-C", directory});
  argv.insert(argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  return argv;
}

}  // namespace

Ran try_git(const std::string& directory, GitSettings settings, std::vector<std::string> words, Given given) {
  return run_program(command_line(directory, std::move(words)), environment_of(settings), given);
}

std::string git(const std::string& directory, GitSettings settings, std::vector<std::string> words, Given given) {
  Ran ran = try_git(directory, settings, std::move(words), given);
  if (ran.status != 0)
    throw Error(ExitStatus::kWorkspaceUnusable, fmt::format("git in {}: {}", in_quotes(directory), complaint_of(ran)));
  if (ran.out.ends_with('\n')) ran.out.pop_back();
  return std::move(ran.out);
}

std::string complaint_of(const Ran& ran) {
  std::istringstream lines(ran.err);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("fatal: ") || line.starts_with("error: ")) return escaped(line.substr(7), 500);
    if (!line.empty()) last = line;
  }
  return last.empty() ? fmt::format("it ended with status {}", ran.status) : escaped(last, 500);
}

}  // namespace clawbox::session
