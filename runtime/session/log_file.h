// What detached commands print: the last bytes of it, in two files that take turns.
#pragma once

#include <cstdint>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::session {

class LogFile {
 public:
  /// NAME and, once that is full, NAME.old in `directory`; together at most `cap` bytes.
  LogFile(const OwnedFd& directory, std::string name, uint64_t cap);

  /// Never throws: a full disk loses output, and the session goes on.
  void append(std::string_view bytes) noexcept;

 private:
  void turn();

  OwnedFd directory_;
  std::string name_;
  uint64_t half_;
  OwnedFd file_;
  uint64_t size_ = 0;
};

}  // namespace clawbox::session
