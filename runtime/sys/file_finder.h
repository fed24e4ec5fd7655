// Finds files in the tree of processes that may do with it what they like, without being made to wait for ever.
//
// A look-up in the kernel's cache alone (RESOLVE_CACHED, Linux 5.12) never waits, but answers EAGAIN for much that is
// nobody's doing: a name that was not asked for before, a link whose access time is due, a mount or a rename anywhere
// on the host at that moment. Where every file system in sight answers by itself (sys/file_systems.h) it is then made
// in full; elsewhere it is tried a few times more.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

class FileFinder {
 public:
  /// `all_answer` is asked when it matters for the first time.
  explicit FileFinder(std::function<bool()> all_answer) : all_answer_(std::move(all_answer)) {}

  struct Found {
    OwnedFd file;   // O_PATH
    int error = 0;  // errno; EAGAIN: finding it might take for ever
  };
  /// `path`, which may be absolute, below `root` as if that were the root of everything; through no magic link.
  Found find(const OwnedFd& root, const std::string& path);
  /// Lets the kernel ask a file's server anew for what try_file_status() will say, where that certainly answers.
  void refresh(const OwnedFd& file);
  /// Whether a directory certainly has no such name.
  bool lacks(const OwnedFd& directory, const std::string& name);

 private:
  bool may_wait();

  std::function<bool()> all_answer_;
  std::optional<bool> answered_;
};

}  // namespace clawbox::sys
