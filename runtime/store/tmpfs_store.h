// A store in memory: hard, faster than the host's disk, gone with the session, and charged to the session's memory.
#pragma once

#include "store/store.h"

namespace clawbox::store {

class TmpfsStore : public Store {
 public:
  explicit TmpfsStore(Caps caps) : caps_(caps) {}
  /// Also as the upper layer of an overlay, which takes user.* attributes: Linux 6.6.
  static std::string why_not();

  Backing backing() const override { return Backing::kTmpfs; }
  Mounted mount() const override;
  void serve(OwnedFd, OwnedFd) override {}

 private:
  Caps caps_;
};

}  // namespace clawbox::store
