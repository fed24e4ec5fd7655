// The session's file system: a new root in a mount namespace of its own, built step by step, then entered for good.
//
// Use inside a new user and mount namespace, before capabilities are dropped. Order: construct, apply every step,
// enter. Attributes are set on detached trees, so nothing is ever visible with more rights than the plan gives. Not
// protected here: what the host itself mounts later below a bind is not seen (private), and what it changes is.
// A bind, cover or lock of one file holds the inode that was there: when the host renames another file over it, the
// kernel detaches the mount (mount_namespaces(7)).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "mount/targets.h"
#include "plan/plan.h"

namespace clawbox::mount {

class View {
 public:
  View();

  /// `mapped`: the tree for a Bind with Ownership::kMapped, prepared by mapped_tree() in the launcher; else empty.
  void apply(const MountStep& step, OwnedFd mapped);

  /// The mount that has the writes of the copy-on-write tree, before that is applied; it may still wait for its server.
  void take_store(OwnedFd mount);

  /// Makes the root read-only and moves into it. The host's file system is out of reach afterwards.
  void enter();

  /// A proc without the covers and locks of the plan, attached nowhere; empty when the plan has no Proc step.
  const OwnedFd& bare_proc() const { return bare_proc_; }

 private:
  void carry_out(const Bind& step, OwnedFd mapped);
  void carry_out(const Tmpfs& step);
  void carry_out(const Proc& step);
  void carry_out(const Sysfs& step);
  void carry_out(const Devices& step);
  void carry_out(const File& step);
  void carry_out(const Symlink& step);
  void carry_out(const Cover& step);
  void carry_out(const Lock& step);
  void carry_out(const Pin& step);

  OwnedFd overlay_of(const Bind& step, OwnedFd mapped);
  OwnedFd lay_out(const OwnedFd& mount, const std::string& name);
  OwnedFd staged_file(const std::string& content);
  OwnedFd find(const std::string& target, bool may_be_absent) const;
  OwnedFd new_cover(PlaceKind kind);

  Targets targets_;
  OwnedFd staging_;  // a directory on the root's tmpfs, gone again before the program starts
  int staged_ = 0;
  std::vector<std::string> laid_out_;     // mounts in the staging directory
  OwnedFd cover_directory_, cover_file_;  // the first cover of each kind; the others are copies of it
  OwnedFd bare_proc_;
};

/// For launchers with CAP_SYS_ADMIN over the host's file systems: the source of `bind`, its owners mapped through
/// `user_namespace`. Throws Error(kFeatureMissing) where the file system cannot do that.
OwnedFd mapped_tree(const Bind& bind, const OwnedFd& user_namespace);

}  // namespace clawbox::mount
