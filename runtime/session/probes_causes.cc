#include "session/probes_causes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

enum class Whom { kAnybody, kOrdinary };  // kOrdinary: does not bind root

/// `value` null: it is enough that the file is there.
struct Cause {
  Whom whom;
  const char *file, *value, *text, *remedy;
};

// The settings come before the containers: who set one knows what it is for.
constexpr std::array kCauses{
    Cause{Whom::kOrdinary, "/proc/sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone is 0",
          "sudo sysctl -w kernel.unprivileged_userns_clone=1 (to keep it: a file in /etc/sysctl.d)"},
    Cause{Whom::kAnybody, "/proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces is 0",
          "sudo sysctl -w user.max_user_namespaces=15000 (to keep it: a file in /etc/sysctl.d)"},
    Cause{Whom::kOrdinary, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n",
          "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1)",
          "for clawbox alone, the AppArmor profile that its package brings: sudo apparmor_parser -r "
          "/etc/apparmor.d/usr.bin.clawbox; of a build of your own, ./tools/dev loads one. For every program: "
          "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
    Cause{Whom::kAnybody, "/.dockerenv", nullptr, "in a Docker container its seccomp and AppArmor profiles refuse it",
          "start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"},
    Cause{Whom::kAnybody, "/run/.containerenv", nullptr, "in a Podman container its seccomp profile refuses it",
          "start the container with --security-opt seccomp=unconfined"},
};

bool applies(const Cause& cause) {
  if (cause.whom == Whom::kOrdinary && ::geteuid() == 0) return false;
  if (cause.value == nullptr) return ::access(cause.file, F_OK) == 0;
  return content_of(cause.file) == cause.value;
}

bool a_filter_is_above() { return content_of("/proc/self/status").find("\nSeccomp:\t2\n") != std::string::npos; }

}  // namespace

// A filter cannot read the flags of clone3, which lie behind a pointer: those that refuse namespaces answer as a kernel
// without the call would.
Attempt with_cause_of_clone(Attempt attempt, int error) {
  if (error != ENOSYS || !a_filter_is_above()) return attempt;
  attempt.found += "; a seccomp filter is above this process (a container, a sandbox, a service)";
  attempt.remedy = "start clawbox outside of it, or a container with --security-opt seccomp=unconfined";
  return attempt;
}

Attempt with_cause(Attempt attempt) {
  if (attempt.works || attempt.remedy == kNotBegun) return attempt;
  const auto cause = std::find_if(kCauses.begin(), kCauses.end(), applies);
  if (cause == kCauses.end()) return attempt;
  attempt.found += fmt::format("; {}", cause->text);
  attempt.remedy = cause->remedy;
  return attempt;
}

Attempt with_cause_of_proc(Attempt attempt) {
  const std::vector<std::string> covers = covers_of_proc(content_of("/proc/self/mountinfo"));
  if (attempt.works || attempt.remedy == kNotBegun || covers.empty()) return with_cause(std::move(attempt));
  attempt.found += fmt::format("; the present /proc is masked ({} mounts, such as {}), as inside a container",
                               covers.size(), escaped(covers.front(), 60));
  attempt.remedy =
      "start the container with --security-opt systempaths=unconfined (Docker) or --security-opt unmask=ALL (Podman)";
  return attempt;
}

std::vector<std::string> covers_of_proc(std::string_view mountinfo) {
  constexpr std::size_t kMountPoint = 4;                         // proc_pid_mountinfo(5): the fifth field
  constexpr const char* kHarmless = "/proc/sys/fs/binfmt_misc";  // covers a directory that is always empty
  std::vector<std::string> covers;
  for (const std::string& line : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() <= kMountPoint || !fields[kMountPoint].starts_with("/proc/")) continue;
    if (fields[kMountPoint] != kHarmless) covers.push_back(fields[kMountPoint]);
  }
  return covers;
}

std::string content_of(const std::string& path) try {
  constexpr std::size_t kMost = 4 << 20;
  return sys::read_all(sys::open(path, O_RDONLY | O_NONBLOCK), kMost, path);
} catch (const SysError&) {
  return "";
}

}  // namespace clawbox::session
