// Which trails a directory holds, and which of them a question is about.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/reader_record.h"
#include "base/owned_fd.h"

namespace clawbox::audit {

struct Segment {
  std::string name;     // of the file
  uint64_t number = 0;  // from 1 as they were closed; the newest has the highest
};

struct SessionFiles {
  std::string id;
  std::vector<Segment> segments;    // oldest first
  std::optional<WallTime> started;  // from the id; nothing where it is not of our making
  WallTime changed;                 // of the newest segment

  bool operator==(const SessionFiles& other) const { return id == other.id; }
};

struct Window {
  std::optional<WallTime> since, until;
};

/// Nothing where there is no such directory: no session was ever recorded there. Throws SysError.
std::optional<OwnedFd> open_trails(const std::string& path);

/// All sessions with a file in `directory`, oldest first. index.jsonl and names that are no trail's are left out.
/// Throws SysError where it cannot be read.
std::vector<SessionFiles> sessions_in(const OwnedFd& directory);

/// Whether any record of the session can lie in `window`, from its start and the time of its last change alone.
bool may_touch(const SessionFiles& session, const Window& window);

/// The sessions whose ids begin with one of `prefixes`, all of them where there are none. Throws
/// Error(kSessionMissing) for a prefix without a session.
std::vector<SessionFiles> chosen(std::vector<SessionFiles> all, std::span<const std::string> prefixes);

/// The segment after number `after` as it is on disk now: rotation renames and compresses behind a reader's back.
std::optional<Segment> segment_after(const OwnedFd& directory, const std::string& id, uint64_t after);

/// The inode of the newest segment's file, or 0 while there is none.
uint64_t newest_inode(const OwnedFd& directory, const std::string& id);

}  // namespace clawbox::audit
