// The control group of one exec, so that the memory cap, or a stop, ends one command and not the whole session.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "cgroup/group.h"

namespace clawbox::cgroup {

/// How often caps were hit.
struct Hits {
  uint64_t out_of_memory = 0;  // processes that the kernel killed at the memory cap
  uint64_t processes = 0;      // forks that were refused
};

/// Of this group and, of kills, those below it. Until Linux 6.11 a refused fork counts in the group that forked, and
/// since then in the one whose cap it was.
Hits hits_in(const Group& group);

/// Owns the group: destroying it ends every process in it, and removes it.
class Exec {
 public:
  Exec() = default;  // none
  /// A child of the session's group. Throws SysError.
  Exec(const Group& session, std::string name);
  Exec(Exec&& other) noexcept = default;
  Exec& operator=(Exec&& other) noexcept;  // `other` takes what was owned here
  ~Exec();

  const Group& group() const { return group_; }
  /// A process of another group of the session. Throws SysError.
  void take_in(pid_t pid) const;
  void kill() const noexcept;
  Hits hits() const { return hits_in(group_); }
  /// Bytes. Nothing: Linux before 5.19.
  std::optional<uint64_t> memory_peak() const { return group_.number("memory.peak"); }
  bool is_empty() const { return group_.number("cgroup.events", "populated").value_or(0) == 0; }

 private:
  Group session_;
  std::string name_;
  Group group_;
};

}  // namespace clawbox::cgroup
