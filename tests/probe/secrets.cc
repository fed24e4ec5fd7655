#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <sstream>

#include "probe/check.h"
#include "probe/secret.h"

extern char** environ;

namespace probe {
namespace {

Result environment_has_no_secret(const Planted&) {
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (std::string(*variable).find(planted_secret()) != std::string::npos)
      return open_because(std::string(*variable).substr(0, std::string(*variable).find('=')) +
                          " holds a planted secret");
  return holds();
}

Result loader_variables_scrubbed(const Planted&) {
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (std::string(*variable).find(kPlantedPath) != std::string::npos) return open_because(*variable);
  return holds();
}

Result credential_files_closed(const Planted& planted) {
  const auto home = fact(planted, "home");
  if (!home) return not_applicable("no home was planted");
  for (const char* name : kCredentialFiles)
    if (can_open(*home + "/" + name, O_RDONLY)) return open_because("opened " + *home + "/" + name);
  return holds();
}

Result no_process_shows(const std::string& file) {
  for (const std::string& pid : names_in("/proc")) {
    if (std::isdigit(static_cast<unsigned char>(pid[0])) == 0 || pid == std::to_string(::getpid())) continue;
    if (read_text("/proc/" + pid + "/" + file).find(planted_secret()) != std::string::npos)
      return open_because("process " + pid + " shows a secret in its " + file);
  }
  return holds();
}

Result no_environ_shows(const Planted&) { return no_process_shows("environ"); }
Result no_cmdline_shows(const Planted&) { return no_process_shows("cmdline"); }

constexpr Check kChecks[] = {
    {"SE01", "the environment holds no secret of the caller", environment_has_no_secret},
    {"SE02", "loader and interpreter variables are scrubbed", loader_variables_scrubbed},
    {"SE03", "credential files are closed", credential_files_closed},
    {"SE04", "no process shows a secret in its environment", no_environ_shows},
    {"SE05", "no process shows a secret in its arguments", no_cmdline_shows},
};

}  // namespace

std::span<const Check> secret_checks() { return kChecks; }

}  // namespace probe
