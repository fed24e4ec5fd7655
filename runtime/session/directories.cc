#include "session/directories.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

std::string base_directory(const char* variable, const std::string& below_home, const std::string& for_root) {
  const char* said = std::getenv(variable);
  if (said != nullptr && said[0] == '/') return std::string(said) + "/clawbox";
  const char* home = std::getenv("HOME");
  if (::geteuid() == 0 || home == nullptr || home[0] != '/') return for_root + "/clawbox";
  return std::string(home) + below_home + "/clawbox";
}

[[noreturn]] void throw_unusable(const std::string& path, const std::string& why) {
  throw Error(ExitStatus::kStateUnusable, fmt::format("clawbox cannot use its directory {}: {}", in_quotes(path), why),
              "make it writable for you alone, free some space, or point XDG_STATE_HOME, XDG_CACHE_HOME or "
              "XDG_RUNTIME_DIR elsewhere");
}

}  // namespace

Directories directories_of_caller() {
  Directories own;
  own.config = base_directory("XDG_CONFIG_HOME", "/.config", "/etc");
  own.state = base_directory("XDG_STATE_HOME", "/.local/state", "/var/lib");
  own.cache = base_directory("XDG_CACHE_HOME", "/.cache", "/var/cache");
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const bool has_runtime = (runtime != nullptr && runtime[0] == '/') || ::geteuid() == 0;
  own.runtime = has_runtime ? base_directory("XDG_RUNTIME_DIR", "", "/run") : own.state + "/run";
  own.worktrees = base_directory("XDG_DATA_HOME", "/.local/share", "/srv") + "/worktrees";
  return own;
}

OwnedFd open_private_directory(const std::string& path) try {
  sys::make_directories(path, 0700);
  OwnedFd directory = sys::open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  const struct stat status = sys::status_of(directory);
  if (status.st_uid != ::geteuid()) throw_unusable(path, fmt::format("it belongs to uid {}", status.st_uid));
  if ((status.st_mode & 022) != 0) throw_unusable(path, "others may write it");
  return directory;
} catch (const SysError& error) {
  throw_unusable(path, error.what());
}

}  // namespace clawbox::session
