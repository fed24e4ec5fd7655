// Old trails: compressed when they are closed, removed when they are too old or too many.
//
// A session that lives loses nothing (its closed segments may be compressed). A trail is removed as a whole, after the
// index has said so; the index keeps its head. Several may be called at once: one works, the others return.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/owned_fd.h"

namespace clawbox::audit {

struct Keep {
  std::optional<std::chrono::seconds> age;  // since the last change of a trail
  std::optional<uint64_t> bytes;            // of all trails together
};

/// Of one call. What is left is done by the next.
struct Effort {
  uint64_t bytes_to_compress = 256 << 20;  // before compression; the last file may go beyond
  uint64_t trails_to_remove = 1000;
};

struct Tidied {
  uint64_t compressed = 0, removed = 0;  // files; trails
};

/// Throws SysError where the directory cannot be used. A single file that cannot be compressed is left as it is.
/// `directory` may be an O_PATH descriptor.
Tidied tidy_up(const OwnedFd& directory, std::chrono::system_clock::time_point now, const Keep& keep,
               const Effort& effort = {});

}  // namespace clawbox::audit
