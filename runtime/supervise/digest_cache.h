// What was found out about programs, by the identity of the file; and kept on disk from session to session.
//
// On disk are only files of real block devices: elsewhere numbers are given again (sys/file_identity.h). The file is a
// cache, no evidence: its directory must be the caller's own and closed to others, as who writes it says what digests
// are. A file that is damaged, of another owner or writable by others is as none.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/owned_fd.h"
#include "sys/file_identity.h"

namespace clawbox::supervise {

struct ProgramFacts {
  std::string sha256;       // lower case, 64 digits
  std::string interpreter;  // of a script: what follows "#!", hostile bytes
  std::string unreadable;   // why there is no digest, or empty
};

class DigestCache {
 public:
  /// `directory` may be empty: nothing on disk. The file is read when it is first needed.
  explicit DigestCache(OwnedFd directory) : directory_(std::move(directory)) {}

  const ProgramFacts* find(const sys::FileIdentity& identity);
  void remember(const sys::FileIdentity& identity, ProgramFacts facts);
  /// What is new, beside what others have written since. Throws SysError.
  void save();

 private:
  void load();
  void insert(const sys::FileIdentity& identity, ProgramFacts facts);

  OwnedFd directory_;
  std::map<sys::FileIdentity, ProgramFacts> known_;
  std::deque<sys::FileIdentity> order_;  // the oldest first
  bool loaded_ = false, changed_ = false;
};

}  // namespace clawbox::supervise
