// What a process that asks for a program says: path, argv, environment. Read while it waits at the listener, so it is a
// claim: another thread may change every byte before the kernel reads them (exec.end tells what ran).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "sys/process_memory.h"
#include "sys/seccomp_listener.h"

namespace clawbox::supervise {

enum class EnvironmentNames { kLeftOut, kRecorded };

struct ExecClaim {
  std::string path;  // as claimed; empty with execveat of a descriptor
  sys::StringVector argv;
  uint64_t variables = 0;
  std::vector<std::string> variable_names;
  std::string directory;                 // the current one
  std::optional<int> descriptor, flags;  // execveat
  std::string unreadable;                // why nothing is known of path and argv; empty: they are known
};

ExecClaim read_claim(const sys::TrappedCall& call, EnvironmentNames names);

/// The fields "call" to "env_names" of clawbox-audit(5).
void add_fields(Json& record, const ExecClaim& claim, const sys::TrappedCall& call);

/// Where the claim leads by our own look-up, which never waits for a file system (RESOLVE_CACHED, Linux 5.12).
struct Place {
  enum class Kind { kFound, kAbsent, kUnknown } kind = Kind::kUnknown;
  OwnedFd file;  // O_PATH, of kFound
};
Place look_up(const ExecClaim& claim, pid_t thread);

}  // namespace clawbox::supervise
