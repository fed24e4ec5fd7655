// The directory in the workspace in which an apply gets everything ready, and which keeps what it replaced until the
// end.
//
// It lies at the top of the workspace, since only there a rename is sure to stay on one file system; for the owner
// alone, and git is told to look past it. Names in it are numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "review/change.h"
#include "review/layers.h"
#include "review/operations.h"

namespace clawbox::review {

class Staging {
 public:
  /// Opens it; makes it where `make` says so.
  enum class Make { kNew, kNo };
  Staging(const Layers& layers, Make make);

  const OwnedFd& directory() const { return directory_; }
  const std::string& name() const { return name_; }

  /// Copies what the operation will place: content, permissions, times, attributes of `user.`; holes stay holes, and
  /// files that are linked in the upper layer are linked here. Owner: the caller; as root who has it on the host, or
  /// its directory. Throws SysError with the path.
  void prepare(Operation& operation, const Change& change);

  /// Removes what is in it and then itself; nothing that is not expected there. False where something stays.
  bool remove();

 private:
  void copy_file(const Operation& operation, const Change& change);
  void copy_link(const Operation& operation, const Change& change);
  void give_to_owner(const OwnedFd& file, const std::string& name, const Change& change) const;

  const Layers& layers_;
  std::string name_;
  OwnedFd directory_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // staged files of which the upper layer has several names
};

/// Everything that was written to the file system of `directory` is on disk: syncfs(2).
void sync_around(const OwnedFd& directory);

}  // namespace clawbox::review
