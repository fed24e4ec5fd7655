// Which mounted file systems answer from this machine alone, and so in the end answer. proc_pid_mountinfo(5).
//
// A file system with a server elsewhere, in another process (FUSE) or behind a network, may never answer, and what
// waits for it then waits for ever. Not on the list either: overlay, whose layers may be anything, and what nobody has
// judged.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// Of the mounts that `process` sees, those of which `concerns` says yes. False also where /proc does not tell. A mount
/// point with a blank, tab, newline or backslash concerns always: mountinfo escapes it.
struct MountPoint {
  std::string path, type;
};
bool all_answer(const std::string& process, const std::function<bool(const MountPoint&)>& concerns);
/// All mounts of the process.
bool all_answer(pid_t process);
/// Those that the caller sees at, above and below a directory.
bool all_answer_around(const std::string& directory);

/// Its type, such as "overlay", by mountinfo; empty where that does not tell.
std::string type_of_file_system(const std::string& path);

/// Its server may fall silent while we wait for an answer: FUSE, or behind a network.
bool may_fall_silent(const OwnedFd& directory);

/// Bytes; `free`: for somebody without privileges. Nothing where the kernel does not tell.
struct Space {
  uint64_t all = 0, free = 0;
};
Space space_of(const OwnedFd& directory);

}  // namespace clawbox::sys
