// How the client of a file operation and the process that does it speak: over a connected stream of this machine, in
// frames. Towards the files: pieces of what is to be written, and kEnd behind the last one, so that a client that is
// gone in between is told from one that is ready. From them: pieces of what was read, then one kAnswer.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/owned_fd.h"

namespace clawbox::files {

inline constexpr std::size_t kMostPiece = 128 << 10;

/// How it went, and of kStat, kRead and kWrite what the file is afterwards. Plain bytes: both ends are one program.
struct Answer {
  int32_t error = 0;  // errno
  uint32_t mode = 0;  // with the type, as of stat(2)
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970; the nearest that there is for a time beyond 1677 or 2262
  uint64_t links = 0;
  char what[512] = {};  // of a failure: what was being done
};

enum class FrameKind : uint32_t { kPiece, kEnd, kAnswer };
struct Frame {
  FrameKind kind{};
  std::string bytes;
};

/// Throws SysError(EPIPE) where nobody reads.
void send_frame(const OwnedFd& stream, FrameKind kind, std::string_view bytes = {});
/// Throws SysError(ECONNRESET) where the other end is gone, and SysError(EPROTO) for what is no frame.
Frame receive_frame(const OwnedFd& stream);

std::string_view bytes_of(const Answer& answer);
Answer answer_in(const Frame& frame);

}  // namespace clawbox::files
