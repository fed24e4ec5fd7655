#include "probe/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace probe {

std::optional<std::string> fact(const Planted& planted, const std::string& name) {
  const auto found = planted.find(name);
  return found == planted.end() ? std::nullopt : std::optional(found->second);
}

Result refused(long result, std::initializer_list<int> errors) {
  const int code = errno;
  if (result >= 0) return open_because("the call succeeded");
  if (std::find(errors.begin(), errors.end(), code) != errors.end()) return holds();
  return open_because(std::string("the kernel went as far as: ") + std::strerror(code));
}

Result failed(long result, const std::string& what) { return result < 0 ? holds() : open_because(what); }

Result all(std::initializer_list<Result> results) {
  for (const Result& result : results)
    if (result.verdict != Verdict::kHolds) return result;
  return holds();
}

bool can_open(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

bool shows_a_byte(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  char byte = 0;
  const bool shown = ::read(fd, &byte, 1) == 1;
  ::close(fd);
  return shown;
}

std::string read_text(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return "";
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t count = 0; (count = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  ::close(fd);
  return text;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* open = ::opendir(directory.c_str());
  if (open == nullptr) return names;
  while (const dirent* entry = ::readdir(open)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(open);
  return names;
}

std::string own_namespace(const std::string& name) {
  std::array<char, 64> target{};
  const ssize_t size = ::readlink(("/proc/self/ns/" + name).c_str(), target.data(), target.size());
  return size < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

Result differs_from_host(const Planted& planted, const std::string& name) {
  const auto host = fact(planted, "ns_" + name);
  if (!host) return not_applicable("the host's namespace was not told");
  const std::string own = own_namespace(name);
  if (own.empty()) return not_applicable("/proc/self/ns/" + name + " cannot be read");
  return own == *host ? open_because("shares " + own + " with the host") : holds();
}

std::string status_field(const std::string& status, const std::string& name) {
  const std::size_t at = ("\n" + status).find("\n" + name + ":");
  if (at == std::string::npos) return "";
  const std::size_t from = status.find_first_not_of(" \t", at + name.size() + 1);
  return status.substr(from, status.find('\n', from) - from);
}

ChildEnd in_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return {};
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

int errno_in_child(const std::function<long()>& call) {
  return in_child([&] { return call() < 0 ? errno : 0; }).exit;
}

Result refused_in_child(const std::function<long()>& call, std::initializer_list<int> errors) {
  const int code = errno_in_child(call);
  if (code < 0) return holds();
  errno = code;
  return refused(code == 0 ? 0 : -1, errors);
}

std::vector<std::string> writable_places() {
  std::vector<std::string> places;
  for (const char* path : {".", "/tmp", "/dev/shm"})
    if (::access(path, W_OK) == 0) places.emplace_back(path);
  return places;
}

bool creates_file_in(const std::string& directory) {
  const std::string path = directory + "/clawbox-probe-file";
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::close(fd);
  ::unlink(path.c_str());
  return true;
}

}  // namespace probe
