// Records in words, for people at a terminal. Whatever a record holds, the text is one line that a terminal can be
// given: values are escaped here again, because a trail is a file that somebody may have changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"

namespace clawbox::audit {

enum class Colour { kNone, kAnsi };
enum class Tone { kPlain, kGood, kBad, kAlarm, kQuiet };

/// `text` in the colour of `tone`; `text` is safe already.
std::string toned(const std::string& text, Tone tone, Colour colour);

/// "84ms", "1.32s", "3m07s", "2h05m".
std::string time_taken(int64_t ms);
/// The record's own time in the local time zone: "2026-07-01 14:03:22.123".
std::string local_time(const Json& record);

/// "argv" (or else "path") as a shell would read it back, with a mark where it was cut.
std::string command_words(const Json& record, std::size_t limit = 1000);
/// Why the program that an "exec" asked for is not known, or empty. The kernel hides the memory of a session's first
/// program from an ordinary user, and its words are those of the plan: that one is none to be alarmed about.
std::string unread_program(const Json& record);
/// "#3: openat 516, connect 2" of "totals".
std::string totals_words(const Json& record);
/// "exited 0", "failed: No such file or directory", "killed by SIGKILL"; of "exec.end" and "session.end".
std::string outcome_words(const Json& record);
/// "host:port" of a connection, from whichever of "host", "address" and "port" there are.
std::string peer_words(const Json& record);

struct Sentence {
  std::string text;
  Tone tone = Tone::kPlain;
};
/// What the record says happened. An event that this version does not know is told by its fields.
Sentence sentence_of(const Json& record);

/// One record per line, aligned. Remembers the names of living programs, so that an end says whose it is.
class Narrator {
 public:
  enum class Sessions { kOne, kSeveral };
  Narrator(Colour colour, Sessions sessions) : colour_(colour), sessions_(sessions) {}

  std::string line_for(const Json& record);

 private:
  std::string name_of_ended(const std::string& session, const Json& record);

  Colour colour_;
  Sessions sessions_;
  std::unordered_map<std::string, std::string> living_;  // session and exec → name of the program
};

}  // namespace clawbox::audit
