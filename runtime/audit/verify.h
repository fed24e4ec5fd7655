// Whether trails and index are as they were written. Streaming: memory grows with the number of sessions, not with
// their trails.
//
// Told apart: what was changed afterwards, and what a crash (or a full disk) left unfinished. The last records of a
// trail that never ended can be cut off without a trace; so can the last lines of the index and their trails together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::audit {

struct Finding {
  enum class Kind {
    kChanged,  // tampered with: a line or a file was changed, removed, moved or added
    kCutOff,   // a crash: the last line is half, or the end or its line in the index is missing
  };
  Kind kind = Kind::kChanged;
  std::string file;
  uint64_t line = 0;  // the first bad one; 0: the file as a whole
  std::string what;
};

struct Verified {
  uint64_t sessions = 0, living = 0, records = 0;  // records: of the trails, as far as they could be read
  std::vector<Finding> findings;                   // at most one for each trail, and those of the index
};

/// All trails and the index, or the trail of `session` and the index. `directory` may be an O_PATH descriptor. Throws
/// SysError where the directory cannot be read.
Verified verify(const OwnedFd& directory, const std::optional<std::string>& session = std::nullopt);

}  // namespace clawbox::audit
