#include "seccomp/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "seccomp/cache_file.h"
#include "sys/files.h"

namespace clawbox::seccomp {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{256} * 1024;
constexpr mode_t kOthers = 077;

bool is_ours_alone(const OwnedFd& fd) {
  const struct stat status = sys::status_of(fd);
  return status.st_uid == ::geteuid() && (status.st_mode & kOthers) == 0;
}

std::optional<OwnedFd> open_directory(const std::string& path) try {
  ::mkdir(path.c_str(), 0700);  // mostly it is there; whatever is wrong shows at the next line
  OwnedFd directory = sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (!is_ours_alone(directory)) return std::nullopt;
  return directory;
} catch (const SysError&) {
  return std::nullopt;
}

// O_NONBLOCK: a FIFO of that name must not hold the start.
std::optional<Program> load(const OwnedFd& directory, const std::string& name, const std::string& text) try {
  const auto file = sys::open_if_there(directory, name, O_RDONLY | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
  if (!file || !S_ISREG(sys::status_of(*file).st_mode) || !is_ours_alone(*file)) return std::nullopt;
  return from_bytes(sys::read_all(*file, kMaxFileBytes, "a cached system-call filter"), text);
} catch (const SysError&) {
  return std::nullopt;
}

void store(const OwnedFd& directory, const std::string& name, const std::string& bytes) try {
  sys::replace_file(directory, name, bytes, 0600);
} catch (const SysError&) {
  // Disk full, read-only: the next start compiles again.
}

}  // namespace

Program compile_cached(const SyscallPolicy& policy, const std::string& directory) {
  const std::optional<OwnedFd> place = open_directory(directory);
  if (!place) return compile(policy);
  const std::string text = canonical_text(policy);
  const std::string name = fmt::format("{:016x}.bpf", fnv1a(text));
  if (std::optional<Program> cached = load(*place, name, text)) {
    cached->listens = !policy.noted.empty();
    return std::move(*cached);
  }
  Program program = compile(policy);
  store(*place, name, to_bytes(program, text));
  return program;
}

}  // namespace clawbox::seccomp
