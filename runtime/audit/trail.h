// The audit trail of one session: one JSON object per line, appended with one write each, outside the sandbox.
//
// Fields of every record: "v" (format, 1), "seq" (from 1, without gaps), "time" (RFC 3339, UTC, microseconds),
// "session", "event". Bytes that came from the sandbox are escaped (base/text.h). This version records the start and
// the end of a session; the hash chain and the exec log come with the next one, and extend these records.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/owned_fd.h"

namespace clawbox::audit {

class Trail {
 public:
  /// Starts `session`.jsonl in `directory`. Throws SysError.
  Trail(const OwnedFd& directory, std::string session);

  /// Appends one record; `details` are its further fields. Throws SysError when it cannot be written whole.
  void append(const std::string& event, const Json& details);

 private:
  std::string session_;
  OwnedFd file_;
  uint64_t sequence_ = 0;
};

}  // namespace clawbox::audit
