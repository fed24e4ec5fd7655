// index.jsonl: the chain of the sessions' heads, one for all trails of a directory. Several processes append at once.
//
// Records: "session.head" (head, records, segments) when a session has ended, "trail.removed" (why) before housekeeping
// removes a trail. A line that a crash left half written is cut off by the next writer, which says so with "torn", the
// number of its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/trail.h"
#include "base/owned_fd.h"

namespace clawbox::audit {

/// After `trail.end()`, before `trail.close()`. Throws SysError.
void record_head(const OwnedFd& directory, const Trail& trail, Sync sync = Sync::kNone);

/// `why` is "age" or "size". Throws SysError.
void record_removal(const OwnedFd& directory, const std::string& session, std::string_view why);

}  // namespace clawbox::audit
