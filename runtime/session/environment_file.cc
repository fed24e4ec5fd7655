#include "session/environment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr std::size_t kMostBytes = 4 << 20;

[[noreturn]] void throw_unusable(const std::string& path, const std::string& why, const std::string& remedy) {
  throw Error(ExitStatus::kUsage, fmt::format("--env-file {}: {}", in_quotes(path), why), remedy);
}

void require_private(const OwnedFd& file, const std::string& path) {
  const struct stat status = sys::status_of(file);
  if (!S_ISREG(status.st_mode)) throw_unusable(path, "it is no regular file", "name a file");
  if (status.st_uid != ::geteuid()) throw_unusable(path, "it belongs to somebody else", "make it your own");
  if ((status.st_mode & 077) != 0)
    throw_unusable(path, "others may read or write it", "chmod 600 " + shell_quoted(path));
}

std::string content_of(const std::string& path, AfterReading after) try {
  const OwnedFd file = sys::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  require_private(file, path);
  if (after == AfterReading::kUnlink && ::unlink(path.c_str()) < 0) throw_errno("removing {}", in_quotes(path));
  return sys::read_all(file, kMostBytes, in_quotes(path));
} catch (const SysError& error) {
  if (error.code() == ELOOP) throw_unusable(path, "it is a symbolic link", "name the file itself");
  throw Error(ExitStatus::kUsage, fmt::format("--env-file: {}", error.what()), "name a file that you can read");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> variables_in(const std::string& path, AfterReading after) {
  const std::string text = content_of(path, after);
  const char end = text.find('\0') == std::string::npos ? '\n' : '\0';
  std::vector<std::pair<std::string, std::string>> variables;
  std::size_t number = 0;
  for (const std::string& line : split(text, end)) {
    ++number;
    if (line.empty() || (end == '\n' && line.starts_with('#'))) continue;
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw_unusable(path, fmt::format("{} {} is not NAME=VALUE", end == '\n' ? "line" : "entry", number),
                     "one variable a line, or each ended by NUL");
    variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

}  // namespace clawbox::session
