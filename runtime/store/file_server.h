// The process that serves a store by FUSE: our child, outside the session's process namespace and cgroup, where
// neither an exhausted nor a frozen session can stop it, but in the user namespace that /dev/fuse was opened in.
//
// It ends with the mount (the last namespace that has it), with this process, or when it is killed. Then the sandbox's
// calls answer ENOTCONN, and what was written is plain files of the caller's. Least kernel: 5.1 for an answer ENOSYS to
// OPENDIR; O_TMPFILE needs 6.2.
//
// The protocol is spoken here and not by libfuse3: Debian 12's (3.14, with a static library) has no TMPFILE, so that
// O_TMPFILE could not be, and no HANDLE_KILLPRIV_V2, without which the kernel asks for an attribute before every write:
// 27 % more CPU time on small writes, measured with this server. Measured (tests/bench/stores; Linux 6.18, journalled
// ext4 in memory, load 8): C build 1.00 of the bare directory's CPU time, small files 3.2 (wall 3.1); the server holds
// 0.35 MiB of its own, 0.8 MiB with its share of the program.
#pragma once

#include <chrono>
#include <optional>

#include "base/owned_fd.h"
#include "store/confinement.h"
#include "store/quota.h"
#include "sys/processes.h"

namespace clawbox::store {

/// What the server tells; a packet each.
struct ServerNews {
  enum class What : uint32_t { kServing, kFullOfBytes, kFullOfFiles, kReleased, kFailed } what = What::kServing;
  int32_t error = 0;  // kFailed
  Caps caps;
  Usage used;
};

struct FileServer {
  sys::Process process;
  OwnedFd news;  // readable when there is some; end-of-file: the server is gone
};

struct Ids {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct ServerPlan {
  OwnedFd backing;         // the directory, open for reading
  OwnedFd device;          // /dev/fuse, mounted; opened in `user_namespace`
  OwnedFd user_namespace;  // empty: ours
  std::optional<Ids> ids;  // of that namespace, to serve as
  Caps caps;
  Filters filters;  // of server_calls()
};
/// Counts what the directory holds before it serves, so the first news comes after that.
FileServer start_file_server(ServerPlan plan);

/// Nothing: the server has ended.
std::optional<ServerNews> next_news(const FileServer& server);

}  // namespace clawbox::store
