// What a process that asks for a program says: path, argv, environment. Read while it waits at the listener, so it is a
// claim: another thread may change every byte before the kernel reads them (exec.end tells what ran).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/owned_fd.h"
#include "sys/file_finder.h"
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
  int error = 0;                         // why something of it could not be read, or 0
  std::string unreadable;                // the same in words
  bool is_short = false;                 // in its record: too much was written lately
};

/// `memory`: of the thread that makes the call.
ExecClaim read_claim(const sys::TrappedCall& call, const sys::ProcessMemory& memory, EnvironmentNames names);

/// What its record takes, about.
uint64_t bytes_in_record(const ExecClaim& claim);
/// A path as its record has it.
std::string_view in_record(std::string_view path, const ExecClaim& claim);
/// The fields "call" to "env_names" of clawbox-audit(5).
void add_fields(Json& record, const ExecClaim& claim, const sys::TrappedCall& call);

/// What is over `bytes` of the words is left out, and counted.
void cut(sys::StringVector& words, std::size_t bytes);

/// The root directory of a process: O_PATH, or empty.
OwnedFd root_of(pid_t thread);

/// Where the claim leads by our own look-up, which never waits for a file system that may not answer. kAbsent: there is
/// certainly no such file, for any process; it is said of nothing that a look into /proc could decide, as that differs
/// from reader to reader.
struct Place {
  enum class Kind { kFound, kAbsent, kUnknown } kind = Kind::kUnknown;
  OwnedFd file;   // O_PATH, of kFound
  int error = 0;  // errno of our look-up, or 0: of kUnknown a guess
};
Place look_up(sys::FileFinder& files, const OwnedFd& root, const ExecClaim& claim, pid_t thread);
/// The path of what was found, without links; empty where nothing was.
std::string resolved_path(const Place& place);

}  // namespace clawbox::supervise
