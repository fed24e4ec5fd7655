// How a session ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace clawbox {

enum class EndedBy { kExit, kSignal, kTime, kCpuTime, kKilled };  // kKilled: pid 1 was killed from outside

struct Outcome {
  EndedBy ended_by = EndedBy::kExit;
  int exit_status = 0;  // what `clawbox run` exits with
  int signal = 0;       // of the program, or 0
  std::chrono::milliseconds wall{0};
  std::chrono::microseconds cpu{0};              // of the program and all its reaped descendants
  std::string detail;                            // one sentence for a person, empty after an ordinary exit
  uint64_t execs = 0, refusals = 0, folded = 0;  // recorded; `folded`: left out by rate limits
  struct Change {
    std::string path, change;
  };
  std::vector<Change> protected_changes;  // files that make the host run code later (`files.protect`)
};

}  // namespace clawbox
