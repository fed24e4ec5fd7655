// What a directory holds, one entry at a time: readdir(3).
#pragma once

#include <dirent.h>

#include <memory>
#include <string>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// The entries of one directory, without "." and "..", in the kernel's order. One that cannot be opened or read has
/// none: callers to whom that is not the same as an empty one ask for the error.
class Listing {
 public:
  explicit Listing(const std::string& path);
  /// `directory` is open for reading (not O_PATH) and stays the caller's.
  explicit Listing(const OwnedFd& directory);

  /// Valid until the next call; null at the end.
  const dirent* next();
  /// errno of what failed, or 0; known for certain after the last entry.
  int error() const { return error_; }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
  int error_ = 0;
};

/// All names at once, in the kernel's order. Opened anew, so `directory` may be O_PATH, and keeps its place.
std::vector<std::string> names_in(const OwnedFd& directory);

}  // namespace clawbox::sys
