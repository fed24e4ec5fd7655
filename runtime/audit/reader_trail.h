// One session's trail from its first segment to its last, and on while it grows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/reader.h"
#include "audit/reader_sessions.h"

namespace clawbox::audit {

class TrailReader {
 public:
  enum class Until { kEnd, kForever };

  /// `directory` must outlive the reader.
  TrailReader(const OwnedFd& directory, SessionFiles session, Until until = Until::kEnd);

  /// Nothing at the end. With kForever more may come later, also in a segment that is new by then.
  std::optional<Line> next();
  /// Begins at the end of what is there now.
  void skip_what_is_there();
  /// "FILE, line 12".
  std::string position(const Line& line) const;
  /// What was wrong with files since the last call: damage, lines that a crash cut off, files that are gone.
  std::vector<std::string> take_troubles();
  const std::string& session() const { return session_.id; }

 private:
  bool open_next();
  void open(const Segment& segment);
  bool move_on();
  void leave_segment();

  const OwnedFd& directory_;
  SessionFiles session_;
  Until until_;
  std::optional<LineReader> reader_;
  Segment current_;
  std::size_t next_ = 0;  // of session_.segments
  bool rotated_ = false;  // the file was renamed, and is read to its end once more
  std::vector<std::string> troubles_;
};

/// Wakes up when a file of the directory changes: inotify(7). Where the system grants none, after the time only.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(const OwnedFd& directory);
  void wait(std::chrono::milliseconds at_most) const;

 private:
  OwnedFd inotify_;
};

}  // namespace clawbox::audit
