// The two layers of a session's overlay workspace: the workspace on the host, and what the session wrote over it.
//
// The upper layer is in the session's directory, or in an ext4 image there (limits.store = "loop"), which is mounted as
// long as somebody looks: never by two at a time. Beside it clawbox keeps where the workspace is and which patterns
// name the files that make the host run code later. The directory is locked as long as the session lives.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "review/tree.h"

namespace clawbox::review {

class Layers {
 public:
  /// `directory`: of all overlays. Throws Error(kStateUnusable) where it cannot be read, and
  /// Error(kWorkspaceUnusable) where the workspace is gone.
  Layers(const std::string& directory, std::string id);

  const std::string& id() const { return id_; }
  const std::string& workspace() const { return workspace_; }
  const std::vector<std::string>& protect() const { return protect_; }
  /// When the session began, in nanoseconds since 1970.
  int64_t began() const { return began_; }

  const OwnedFd& all() const { return all_; }
  const OwnedFd& directory() const { return directory_; }
  /// What the upper layer is in: the same, or the root of the image.
  const OwnedFd& base() const { return base_ ? base_ : directory_; }
  const Tree& upper() const { return upper_; }
  const Tree& lower() const { return lower_; }

  /// Nobody else writes to the upper layer from now on. Throws Error(kProblemsFound) while the session lives.
  void lock_for(const std::string& verb) const;
  /// Or somebody else has the lock. Not to be asked by who has it.
  bool session_lives() const;

 private:
  std::string id_, workspace_;
  OwnedFd all_, directory_, base_;
  int64_t began_ = 0;
  std::vector<std::string> protect_;
  Tree upper_, lower_;
};

/// The sessions whose overlay holds something, oldest first. Empty where there is no such directory.
std::vector<std::string> kept_sessions(const std::string& directory);

/// What the overlay has beside its layers, for session/ to write and this to read.
inline constexpr const char* kWorkspaceLink = "workspace";
inline constexpr const char* kProtectFile = "protect";
inline constexpr const char* kImage = "image";

/// Where a session that lives has its image mounted, as the text of a link.
inline constexpr const char* kMountedLink = "mounted";

/// The root of the image in a session's directory, as long as it is open; empty where there is no image. Throws
/// SysError(EBUSY) where somebody else but the session has it mounted, and does not let go of it in time.
OwnedFd image_root(const OwnedFd& directory, std::chrono::milliseconds time);

}  // namespace clawbox::review
