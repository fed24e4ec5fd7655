#include <string.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "plan/seen.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

// fallocate(2) by other names, which every file system knows: fs/ioctl.c, FS_IOC_RESVSP, FS_IOC_RESVSP64 and
// FS_IOC_ZERO_RANGE of <linux/falloc.h>, which is not for programs.
struct SpaceReservation {
  int16_t type, whence;
  int64_t start, length;
  int32_t system;
  uint32_t pid;
  int32_t padding[4];
};
constexpr std::array<uint64_t, 3> kReserving{_IOW('X', 40, SpaceReservation), _IOW('X', 42, SpaceReservation),
                                             _IOW('X', 57, SpaceReservation)};

constexpr int kLargestErrno = 133;  // EHWPOISON; <asm-generic/errno.h>
constexpr int kLeastLandlock = 2;  // Linux 5.19: without LANDLOCK_ACCESS_FS_REFER every rename across directories fails

std::vector<SyscallRule> copied(const std::vector<profile::SyscallRule>& rules) {
  std::vector<SyscallRule> copies;
  copies.reserve(rules.size());
  for (const profile::SyscallRule& rule : rules) {
    SyscallRule copy{rule.call, {}, error_number(rule.error, rule.origin), rule.reason, rule.origin};
    for (const profile::ArgumentTest& test : rule.tests) copy.tests.push_back({test.index, test.mask, test.equals});
    copies.push_back(std::move(copy));
  }
  return copies;
}

/// Every start of a program and every end of a process, besides what the profile names.
std::vector<SyscallRule> noted_calls(const Inputs& inputs) {
  const auto& wish = inputs.profile.audit;
  for (const profile::SyscallRule& rule : wish.calls) {
    if (wish.level.value == profile::AuditLevel::kSession)
      throw Error(ExitStatus::kProfileInvalid,
                  fmt::format("{}: audit.calls needs audit.level = \"exec\" or \"syscall\"", to_string(rule.origin)));
    if (rule.call == "execve" || rule.call == "execveat" || rule.call == "exit_group")
      throw Error(ExitStatus::kProfileInvalid, fmt::format("{}: audit.calls: {} is recorded by audit.level already",
                                                           to_string(rule.origin), in_quotes(rule.call)));
    if (!rule.tests.empty())
      throw Error(ExitStatus::kProfileInvalid,
                  fmt::format("{}: audit.calls takes names of calls and groups only", to_string(rule.origin)));
  }
  if (wish.level.value == profile::AuditLevel::kSession) return {};
  std::vector<SyscallRule> noted = copied(wish.calls);
  for (const char* call : {"execve", "execveat", "exit_group"})
    noted.push_back({call, {}, 0, "audit.level", wish.level.origin});
  return noted;
}

std::vector<std::string> writable_places(const std::vector<MountStep>& mounts) {
  std::vector<std::string> places{"/dev", "/proc"};
  for (const MountStep& step : mounts) {
    const auto* bind = std::get_if<Bind>(&step.action);
    if ((bind && bind->access != Access::kReadOnly) || std::holds_alternative<Tmpfs>(step.action))
      places.push_back(target_of(step.action));
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

/// One call could take all of the host's disk at once, before anybody has looked. glibc writes zeroes instead.
void refuse_preallocation(const Storage& storage, SyscallPolicy& policy) {
  const std::string reason = "the disk is watched: room is taken by writing alone";
  policy.refuse.push_back({"fallocate", {}, EOPNOTSUPP, reason, storage.chosen_by});
  for (const uint64_t request : kReserving)
    policy.refuse.push_back({"ioctl", {{1, 0xffffffff, request}}, EOPNOTSUPP, reason, storage.chosen_by});
}

}  // namespace

int error_number(const std::string& name, const Origin& origin) {
  if (name == "kill") return kKillProcess;
  if (name == "EPERM" || name.empty()) return EPERM;
  if (name == "EWOULDBLOCK") return EAGAIN;
  if (name == "EDEADLOCK") return EDEADLK;
  if (name == "ENOTSUP") return EOPNOTSUPP;
  for (int number = 1; number <= kLargestErrno; ++number) {
    const char* known = ::strerrorname_np(number);  // glibc 2.32
    if (known != nullptr && name == known) return number;
  }
  throw Error(ExitStatus::kProfileInvalid,
              fmt::format("{}: {} is not the name of an error", to_string(origin), in_quotes(name)),
              "a name from errno(3) such as EPERM or ENOSYS, or \"kill\"");
}

SyscallPolicy choose_syscalls(const Inputs& inputs, const std::optional<Storage>& storage) {
  const auto& wish = inputs.profile.syscalls;
  SyscallPolicy policy{copied(wish.allow), copied(wish.refuse), noted_calls(inputs)};
  if (storage && storage->backing == Storage::Backing::kWatch) refuse_preallocation(*storage, policy);
  return policy;
}

Chosen<Landlock> choose_landlock(const Inputs& inputs, const std::vector<MountStep>& mounts) {
  const Decided<profile::Fence>& wish = inputs.profile.syscalls.landlock;
  Chosen<Landlock> chosen;
  chosen.notes.push_back({"landlock", fmt::format("the kernel offers ABI {}", inputs.host.landlock_abi), wish.origin});
  if (wish.value == profile::Fence::kOff) return chosen;
  if (inputs.host.landlock_abi >= kLeastLandlock) {
    chosen.value = {Landlock::Fence::kOn, writable_places(mounts)};
    return chosen;
  }
  const std::string why = fmt::format("this kernel ({}) offers Landlock ABI {}, and {} is needed", inputs.host.kernel,
                                      inputs.host.landlock_abi, kLeastLandlock);
  const std::string remedy = "Linux 5.19 or later with \"landlock\" in its list of security modules (lsm=)";
  if (wish.value == profile::Fence::kRequired)
    throw Error(ExitStatus::kFeatureMissing,
                fmt::format("{}: syscalls.landlock is required: {}", to_string(wish.origin), why), remedy);
  chosen.shortfalls.push_back({"no Landlock fence", why, remedy, wish.origin});
  return chosen;
}

}  // namespace clawbox::plan
