// The process that reads programs: files that the sandbox may have written, on file systems that may never answer. It
// has confined itself before the first one: no files made or written (Landlock where there is one, and seccomp), no
// network, no new programs. The supervisor kills it when a file takes too long.
#pragma once

#include <array>
#include <cstdint>

#include "sys/file_identity.h"
#include "sys/helper.h"

namespace clawbox::supervise {

/// A packet of nothing else: what is asked about is the one descriptor that comes with it.
struct DigestRequest {
  char unused = 0;
};

struct DigestReply {
  int32_t error = 0;  // errno: why there is no digest
  uint32_t interpreter_size = 0;
  sys::FileIdentity identity;  // as it was before and after reading
  std::array<unsigned char, 32> sha256{};
  char interpreter[256] = {};  // what follows "#!", to the end of the line
};

sys::Helper start_digest_worker();

}  // namespace clawbox::supervise
