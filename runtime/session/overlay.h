// What a session writes over its workspace: a directory of clawbox's own, behind a store with the plan's caps.
//
// The directory is an overlayfs upper layer: files as they are now, a removed one as a character device 0:0. It stays
// when the session ends, for a person to look at; an empty one does not, and what a killed clawbox left of it besides
// is removed by the next such session. What its names and files hold is the sandbox's word.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/owned_fd.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "plan/resolve.h"
#include "session/directories.h"
#include "store/store.h"
#include "sys/file_systems.h"

namespace clawbox::session {

/// Each tried by doing what it needs, up to the first that works.
std::vector<plan::StoreFact> tried_stores(const plan::StoreWish& wish);

class Overlay {
 public:
  /// Makes nothing where the plan has no storage. Throws Error(kSetupFailed) where the disk has less than what is
  /// promised to all sessions.
  Overlay(const Plan& plan, const Directories& directories, const std::string& id);
  /// What nobody has been told of is removed.
  ~Overlay();
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  store::Store* store() const { return store_.get(); }
  /// Whether no look into it can wait for a server elsewhere.
  bool is_answering() const { return directory_.empty() || sys::all_answer_around(directory_); }
  /// After the session: waits until all is written. What stays: the upper layer, or the image that it is in; empty
  /// where nothing was written. `detail` says where the wait was in vain.
  std::string kept(std::string& detail);

 private:
  std::string directory_, name_;  // empty: there is none
  OwnedFd all_, lock_;            // the directory of all; this one, locked while the session lives
  std::unique_ptr<store::Store> store_;
};

}  // namespace clawbox::session
