// What the kernel says of another process: /proc/PID/{status,stat,auxv,exe,cwd} and PIDFD_GET_INFO. One small read
// each.
//
// "Nothing" means that the process is gone. A pid may be another process's by the time of the call: ask for
// `start_time` (ProcessStat) or keep a pidfd where that matters. Source: proc_pid_stat(5), proc_pid_status(5),
// include/uapi/linux/ pidfd.h.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"
#include "sys/process_memory.h"

namespace clawbox::sys {

struct ProcessStatus {
  pid_t tgid = 0, parent = 0;
  uid_t uid = 0, effective_uid = 0;  // as our user namespace names them
  char state = '?';                  // 'Z': a zombie
  // From our own pid namespace downwards: [1] is the session's, further ones are nested in it.
  std::vector<pid_t> pids, tgids;
};
std::optional<ProcessStatus> status_of(pid_t pid);
std::optional<ProcessStatus> parse_status(std::string_view text);

struct ProcessStat {
  std::string name;  // comm: up to 15 bytes of anything
  char state = '?';
  pid_t parent = 0, session = 0;
  uint64_t start_time = 0;                                  // ticks since boot
  uint64_t start_code = 0, start_stack = 0, arg_start = 0;  // 0 or 1 where we may not trace the process
  uint64_t cpu_ticks = 0;                                   // its own and those of the children that it reaped
  uint64_t resident_pages = 0;
};
std::optional<ProcessStat> stat_of(pid_t pid);
std::optional<ProcessStat> parse_stat(std::string_view text);

/// What all its threads used, the ended ones too; of reaped children: not in here. Nothing of a process that is gone.
/// Source: clock_getcpuclockid(3).
std::chrono::nanoseconds cpu_time_of(pid_t pid);

/// Which exec of a process this is. The addresses alone suffice only with address randomisation, so AT_RANDOM's bytes,
/// new at each exec, are in it where they can be read.
struct Identity {
  uint64_t start_code = 0, start_stack = 0, arg_start = 0;
  std::optional<std::array<char, 16>> random;

  /// False where the kernel hides the addresses, and for a zombie: two such are equal without meaning anything.
  bool known() const { return start_stack != 0; }
  friend bool operator==(const Identity&, const Identity&) = default;
};
std::optional<Identity> identity_of(pid_t pid);
/// As above, with a stat that was read just now: the random bytes lie where the process says.
Identity identity_of(const ProcessMemory& memory, const ProcessStat& stat);

/// Where /proc/PID/exe or cwd leads, byte by byte as the kernel shows it, seen from our root or from the top of the
/// mount namespace it is in.
struct ProcessLink {
  std::string path;
  // kYes: without the kernel's " (deleted)". kPerhaps: with it, because the file may really be called so, or have other
  // names.
  enum class Deleted { kNo, kYes, kPerhaps } deleted = Deleted::kNo;
  int error = 0;  // ENOENT: gone, a zombie or a kernel thread; EACCES: not ours to see
};
ProcessLink executable_of(pid_t pid);
ProcessLink directory_of(pid_t pid);

/// Of all its threads; proc_pid_task(5). Children that come and go meanwhile may be missed.
std::vector<pid_t> children_of(pid_t pid);

/// Nothing: no such process.
std::optional<OwnedFd> pidfd_of(pid_t pid);

/// Linux 6.13. After the process was reaped the kernel (6.15) still tells `wait_status` to who held a pidfd before.
struct PidfdInfo {
  pid_t pid = 0, tgid = 0, parent = 0;  // 0 once it was reaped
  uid_t uid = 0, effective_uid = 0;
  std::optional<int> wait_status;  // as wait(2) gives it: WIFEXITED, WTERMSIG …
  int error = 0;                   // kNotInKernel, or ESRCH: reaped, and this kernel keeps no exit status
};
inline constexpr int kNotInKernel = 95;  // EOPNOTSUPP, for ENOTTY and EINVAL of older kernels
PidfdInfo pidfd_info(const OwnedFd& pidfd);

}  // namespace clawbox::sys
