// The event `program` of clawbox-audit(5): what each file that was started is, once in a session. Never on the way of
// an exec: what is not known yet is asked for, and written when the answer comes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/owned_fd.h"
#include "supervise/program_digests.h"
#include "sys/file_identity.h"
#include "sys/loop.h"

namespace clawbox::supervise {

/// "dev" and "ino": by them the record of an exec leads to that of its program.
void add_place(Json& record, const sys::FileIdentity& identity);

class Programs {
 public:
  using Write = std::function<void(const std::string& event, const Json& fields)>;

  /// `cache`: see digest_cache.h.
  Programs(sys::Loop& loop, OwnedFd cache, Write write);
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  /// `file` (O_PATH) was asked for by the name `path`; `identity` is its own.
  void started(const OwnedFd& file, const sys::FileIdentity& identity, const std::string& path);

  enum class Kind { kNotKnown, kBinary, kScript, kUnreadable };
  struct Found {
    Kind kind = Kind::kNotKnown;
    std::string interpreter;  // of a script, with its argument
  };
  Found find(const sys::FileIdentity& identity) const;

  /// Waits a short time for what is still being read.
  void finish();

 private:
  void take_answers();
  void write_program(const std::string& path, const sys::FileIdentity& identity, const ProgramFacts& facts);

  struct Waiting {
    std::string path;
    sys::FileIdentity identity;
  };

  sys::Loop& loop_;
  Write write_;
  ProgramDigests digests_;
  std::map<sys::FileIdentity, Found> seen_;
  std::map<ProgramDigests::Ticket, Waiting> waiting_;
};

}  // namespace clawbox::supervise
