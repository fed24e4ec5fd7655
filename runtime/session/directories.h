// Where clawbox keeps what is its own. XDG base directories for a user; /var/lib, /var/cache, /run, /srv and /etc for
// root, unless the XDG variables are set.
#pragma once

#include <string>

#include "base/owned_fd.h"

namespace clawbox::session {

struct Directories {
  std::string config;   // …/clawbox: config.toml, profiles/
  std::string state;    // audit/
  std::string cache;    // filters/
  std::string runtime;  // sessions/
  /// What sessions write to must not lie where their rules and their record are.
  std::string worktrees;
};

/// From the caller's environment. Nothing is made.
Directories directories_of_caller();

/// Opens `path`, made with mode 0700 if it is missing. Throws Error(kStateUnusable) with a remedy where it cannot be
/// made, belongs to somebody else, or can be written by others.
OwnedFd open_private_directory(const std::string& path);

}  // namespace clawbox::session
