// The control groups of one session: caps on all of its processes together, and their end.
//
//   direct      DIRECTORY/ID            the session, capped
//               DIRECTORY/ID/exec-1     one for each exec; processes live in leaves only
//   delegated   clawbox-ID.scope        made by the caller's systemd
//               …/supervisor            ourselves, so that no cap of the session holds us up
//               …/session, …/session/exec-1
//
// A process is born into its exec's group (CLONE_INTO_CGROUP, Linux 5.7), so not one instruction of it runs uncapped.
// What this does not protect: memory that the kernel does not charge to anybody, and a caller who moves processes out.
// Linux 5.14.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cgroup/group.h"
#include "plan/plan.h"

namespace clawbox::cgroup {

/// What a session has used. Nothing: the controller is off, or the kernel older (memory.peak: 5.19, pids.peak: 6.1).
struct Usage {
  std::optional<std::chrono::microseconds> cpu, throttled;
  std::optional<uint64_t> memory, memory_peak;  // bytes
  std::optional<uint64_t> processes_peak;
  std::optional<uint64_t> read, written;  // bytes, of all block devices
};

/// How often caps were hit.
struct Hits {
  uint64_t out_of_memory = 0;  // processes that the kernel killed at the memory cap
  uint64_t processes = 0;      // forks that were refused
};

/// Owns the session's tree: destroying it ends every process in it and removes it.
class Cgroup {
 public:
  Cgroup() = default;  // none: every call is allowed and does nothing
  /// `name` is a child of `parent`, which gives its children the controllers already; made, locked and capped here.
  /// Throws Error(kFeatureMissing) for a cap that the kernel refuses.
  Cgroup(Group parent, std::string name, const ControlGroup& plan);
  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  explicit operator bool() const { return static_cast<bool>(session_); }
  const Group& session() const { return session_; }
  /// The group of the first exec, into which its first process is born; empty without groups.
  const Group& first_exec() const { return exec_; }

  void freeze() const;
  void thaw() const;
  void kill() const noexcept;
  Usage usage() const;
  Hits hits() const;

 private:
  Cgroup(Group parent, std::string name);

  Group parent_;
  std::string name_;
  Group session_, exec_;
  OwnedFd lock_;
};

/// None where the plan has no caps for one. `id` is the session's. Throws Error with a remedy.
Cgroup create(const ControlGroup& plan, const std::string& id);

}  // namespace clawbox::cgroup
