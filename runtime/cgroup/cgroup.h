// The control groups of one session: caps on all of its processes together, and their end.
//
//   direct      DIRECTORY/ID            the session, capped
//               DIRECTORY/ID/exec-1     pid 1, and the one command of `clawbox run`
//               DIRECTORY/ID/exec-2     one for each further exec; processes live in leaves only
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
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/exec.h"
#include "cgroup/group.h"
#include "plan/plan.h"

namespace clawbox::cgroup {

/// What a session has used. Nothing: the controller is off, or the kernel older (memory.peak: 5.19, pids.peak: 6.1).
struct Usage {
  std::optional<std::chrono::microseconds> cpu, throttled;
  std::optional<uint64_t> memory, memory_peak;  // bytes
  std::optional<uint64_t> processes_peak;
  std::optional<uint64_t> read, written;  // bytes, of all block devices
  /// How long at least one process waited for it: kernel, Documentation/accounting/psi.rst, "some".
  std::optional<std::chrono::microseconds> memory_pressure, cpu_pressure, io_pressure;
};

/// Of the periods of cpu.max in which somebody wanted to run, those in which the session was stopped.
struct Throttling {
  uint64_t periods = 0, throttled = 0;
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
  const Group& first_exec() const { return first_.group(); }
  /// One more beside it, under the same caps; nothing without groups. It stays until `sweep` finds that nobody else
  /// holds it and that its processes have ended, those that it left behind too. Throws SysError.
  std::shared_ptr<Exec> make_exec();
  void sweep();

  /// False: the group was taken away.
  bool freeze() const noexcept;
  bool thaw() const noexcept;
  void kill() const noexcept;
  Usage usage() const;
  Throttling throttling() const;
  /// Of the session and of all its execs.
  Hits hits() const;

 private:
  Cgroup(Group parent, std::string name);

  Group parent_;
  std::string name_;
  Group session_;
  Exec first_;
  std::vector<std::shared_ptr<Exec>> others_;
  uint64_t execs_ = 0;
  uint64_t past_refused_ = 0;  // forks, in groups that are swept
  OwnedFd lock_;
};

/// None where the plan has no caps for one. `id` is the session's. Throws Error with a remedy.
Cgroup create(const ControlGroup& plan, const std::string& id);

}  // namespace clawbox::cgroup
