// The audit trail of one session: one JSON object per line, appended with one write each, outside the sandbox.
//
// Every line begins {"v":1,"seq":N,"prev":"HEX","time":…,"mono_us":…,"session":…,"event":…}: clawbox-audit(5). Values
// that came from the sandbox go through audit/hostile.h. The chain shows what was changed, removed or moved later; it
// does not stop whoever can write the directory from writing a whole new trail: heads kept elsewhere do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "audit/trail_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/owned_fd.h"

namespace clawbox::audit {

/// When a record must have reached the disk itself, and not only the kernel: never by our doing, when the session ends
/// and a segment closes, or each before `append` returns.
enum class Sync { kNone, kEnd, kEach };

/// What a record that cannot be written means: an exception, or a loss that is counted and told by an audit.gap as soon
/// as writing works again.
enum class Loss { kThrown, kCounted };

struct TrailOptions {
  uint64_t rotate = 0;  // bytes of a segment, at which the next one begins; 0: never
  Sync sync = Sync::kNone;
  Loss loss = Loss::kThrown;
  std::function<void(std::string_view line)>
      copy;  // given each line that was written, without its newline; may be empty
};

class Trail {
 public:
  /// Starts `session`.jsonl in `directory`, which may be an O_PATH descriptor. Throws SysError. The file is locked
  /// (flock(2)) while the session lives. `session` has no dot and no slash.
  Trail(const OwnedFd& directory, std::string session, TrailOptions options = {});

  /// Appends one record; `details` is an object of its further fields, none of which every record has. Throws SysError
  /// when it cannot be written whole, unless losses are counted; the trail is then as it was before, and may be tried
  /// again. The whole line is with the kernel when this returns.
  void append(std::string_view event, const Json& details);

  /// session.end: `details`, and `head`, the SHA-256 of the record before it. Throws as `append`. What is left to do is
  /// `record_head` (audit/index.h), and then `close`.
  void end(const Json& details);
  /// No longer locked, even where a child has inherited the descriptor: housekeeping may take the file. Nothing may be
  /// appended afterwards.
  void close();

  /// SHA-256 of the last line, in hexadecimal.
  const std::string& head() const { return prev_; }
  uint64_t records() const { return sequence_; }
  uint64_t segments() const { return segment_; }
  uint64_t lost() const { return lost_; }  // since the last audit.gap
  const std::string& session() const { return session_; }

 private:
  void append_or_throw(std::string_view event, const Json& details);
  void tell_losses();
  void count_loss(const SysError& error);
  void compose(std::string_view event, const Json& details);
  void advance();
  bool is_full() const;
  void rotate();
  void put_in_place(const std::string& aside);

  OwnedFd directory_;
  std::string session_;
  TrailOptions options_;
  TrailFile file_;
  std::string line_;  // kept from one record to the next for its memory
  std::string prev_;
  uint64_t sequence_ = 0, segment_ = 1, lost_ = 0;
  std::string why_lost_;
};

}  // namespace clawbox::audit
