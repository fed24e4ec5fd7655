// Finds or makes the place of a mount inside the new root, without ever leaving it and without making anything on the
// host.
//
// Every look-up is relative to the root's descriptor with RESOLVE_IN_ROOT (openat2(2), Linux 5.6) and O_PATH, so a
// symlink leads at most to another place inside, and a directory of mode 0711 can be passed. A missing place is made
// only where the parent lies on a tmpfs of this session: never in a directory of the host, so no ghost file appears
// there.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::mount {

enum class PlaceKind { kDirectory, kFile };
enum class LastSymlink { kRefuse, kFollow };

class Targets {
 public:
  explicit Targets(OwnedFd root);

  const OwnedFd& root() const { return root_; }
  /// A tmpfs of this session: missing places may be made on it.
  void owns(const OwnedFd& filesystem);

  /// Attaches `mount` at `path`, which is made (with its parents) if it is missing.
  void attach(const OwnedFd& mount, const std::string& path, PlaceKind kind, LastSymlink last) const;
  /// The directory that holds `path`, made if it is missing.
  OwnedFd parent_of(const std::string& path) const;
  /// Throws where `directory` belongs to the host: nothing is made there.
  void require_ours(const OwnedFd& directory, const std::string& path) const;

 private:
  /// What is there: `directory` itself where `name` is empty, else `name` in it, just made and no symlink.
  struct Place {
    OwnedFd directory;
    std::string name;
  };
  Place find_or_make(const std::string& path, PlaceKind kind, LastSymlink last, int depth) const;
  OwnedFd directory_at(const std::string& path, int depth) const;
  bool is_ours(const OwnedFd& directory) const;

  OwnedFd root_;
  std::set<dev_t> ours_;  // each tmpfs has a device number of its own
};

}  // namespace clawbox::mount
