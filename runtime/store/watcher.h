// The process that looks whether a session is over a cap that nothing holds: our child, outside the session, where
// counting a large tree holds nobody up. It tells once, and ends: when
// the caps are passed or, if it is to look only once, as soon as it has counted; it also ends with this process.
//
// Judged by two sources. statvfs(3) is cheap and sees all that the file system gives away, to others too: it says when
// to count. The count (live_count.h, unlinked_files.h) is the verdict. How often is looked: as soon as a disk of
// 2 GiB/s could have filled what was left, between 10 ms and 1 s; a count comes at the latest two seconds after
// something was written, but takes no more than a twentieth of a processor. So a session passes its cap by what it
// writes within that time.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>

#include "base/owned_fd.h"
#include "store/confinement.h"
#include "store/quota.h"
#include "sys/helper.h"

namespace clawbox::store {

struct WatcherPlan {
  OwnedFd directory;       // what is written is below it; open for reading
  OwnedFd user_namespace;  // of the session, whose users' directories have any mode; empty: ours
  pid_t session = 0;       // its first process
  Caps caps;
  std::optional<timespec> since;  // only what has changed from then on counts; see count_below
  enum class Looks { kUntilOver, kOnce } looks = Looks::kUntilOver;
  Filters filters;  // of watcher_calls()
};

/// Its channel brings one ServerNews: kFullOfBytes, kFullOfFiles, kReleased where it looked once and all is well, or
/// kFailed where it cannot count.
sys::Helper start_watcher(WatcherPlan plan);

}  // namespace clawbox::store
