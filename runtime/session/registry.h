// The sessions of this user: one locked file each. `ls` trusts the lock, never a process id.
#pragma once

#include <string>

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::session {

/// Present while it lives. The file is removed at the end; one whose owner was killed is no longer locked, and is
/// removed by whoever enters next.
class Registration {
 public:
  Registration(OwnedFd directory, std::string id, OwnedFd file);
  Registration(Registration&&) = default;
  Registration& operator=(Registration&&) = delete;
  ~Registration();

  const std::string& id() const { return id_; }

 private:
  OwnedFd directory_;
  std::string id_;
  OwnedFd file_;
};

class Registry {
 public:
  explicit Registry(std::string directory) : directory_(std::move(directory)) {}

  /// Throws Error(kStateUnusable) where the directory cannot be used.
  Registration enter(const Plan& plan) const;

 private:
  std::string directory_;
};

}  // namespace clawbox::session
