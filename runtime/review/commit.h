// The operations of an apply carried out on the workspace, forwards or back. Each can be repeated: a commit that was
// killed is begun again from its first operation.
//
// A file of the host is never half written: it is renamed, or exchanged with the staged one (renameat2(2)).
#pragma once

#include <string>
#include <vector>

#include "review/layers.h"
#include "review/operations.h"

namespace clawbox::review {

class Commit {
 public:
  Commit(const Layers& layers, const OwnedFd& staging, const std::vector<Operation>& operations)
      : lower_(layers.lower()), staging_(staging), operations_(operations) {}

  /// Throws Error(kProblemsFound) where the host has changed something in this very moment, SysError for all else.
  void run();
  /// The paths that could not be put back, whose old content stays in the staging directory.
  std::vector<std::string> undo();

 private:
  void carry_out(const Operation& operation);
  void place(const Operation& operation, const OwnedFd& directory);
  void take(const Operation& operation);
  void require_as_planned(const Operation& operation) const;
  void take_back(const Operation& operation);
  void set_mode(const Operation& operation, mode_t mode);
  OwnedFd directory_of(const std::string& path) const;

  const Tree& lower_;
  const OwnedFd& staging_;
  const std::vector<Operation>& operations_;
};

}  // namespace clawbox::review
