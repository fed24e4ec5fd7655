// How a session ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace clawbox {

// kMemory: the kernel killed it at the cap of its control group; kDisk: it wrote more than a cap that is only watched;
// kKilled: pid 1 was killed from outside; kFailed: the program did not start, or clawbox could not go on; kStopped:
// somebody asked for it (`clawbox stop`, `kill`)
enum class EndedBy { kExit, kSignal, kTime, kCpuTime, kMemory, kDisk, kKilled, kFailed, kStopped };

struct Outcome {
  EndedBy ended_by = EndedBy::kExit;
  int exit_status = 0;  // what `clawbox run` exits with
  int signal = 0;       // of the program, or 0
  std::chrono::milliseconds wall{0};
  std::chrono::microseconds cpu{0};              // of the program and all its reaped descendants
  std::string detail;                            // one sentence for a person, empty after an ordinary exit
  uint64_t execs = 0, refusals = 0, folded = 0;  // recorded; `folded`: left out by rate limits
  struct Group {  // what the control group counted, as far as its controllers and the kernel do
    std::optional<uint64_t> memory_peak, processes_peak;
    std::optional<std::chrono::microseconds> throttled;  // time for which the CPU cap held processes back
    std::optional<uint64_t> read, written;               // bytes, of block devices
    std::optional<std::chrono::microseconds> memory_pressure, cpu_pressure, io_pressure;  // waited for it: PSI, "some"
  };
  std::optional<Group> group;
  struct Change {
    std::string path, change;
  };
  std::string overlay;                    // where what was written over the workspace is kept; empty: nothing is
  std::vector<Change> protected_changes;  // files that make the host run code later (`files.protect`)
};

}  // namespace clawbox
