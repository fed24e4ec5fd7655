// A directory of the host that the kernel holds to its caps: hard, and as fast as the host. What tells of it here is
// only that it is full: looked at each second and at the end, since a refusal reaches the program alone.
#pragma once

#include "store/store.h"
#include "sys/loop.h"

namespace clawbox::store {

/// A detached mount of the wish's directory, in the child. By its path: only what the child's own mount namespace shows
/// can be copied; a tree is nobody's yet.
OwnedFd mount_of(const Wish& wish);

/// On a file system with project quotas, in a project of its own (projects.h). Full is EDQUOT on ext4, ENOSPC on XFS;
/// a mapping that would pass the cap is SIGBUS.
class HeldStore : public Store {
 public:
  HeldStore(Backing backing, Wish wish);

  Backing backing() const override { return backing_; }
  Mounted mount() const override { return {mount_of(wish_), OwnedFd()}; }
  void serve(OwnedFd, OwnedFd) override {}
  int news() const override { return timer_.fd(); }
  News next_news() override;
  News last_news() override;

 protected:
  Wish wish_;

 private:
  Backing backing_;
  sys::Timer timer_;
  bool told_ = false;
};

/// In an ext4 image in the wish's directory (image.h): full is ENOSPC.
class LoopStore : public HeldStore {
 public:
  static std::unique_ptr<LoopStore> make(Wish wish);
  int root() const override { return wish_.directory.get(); }
  bool wait_until_released(std::chrono::milliseconds time) override;

 private:
  LoopStore(Wish wish, OwnedFd directory)
      : HeldStore(Backing::kLoop, std::move(wish)), directory_(std::move(directory)) {}

  OwnedFd directory_;  // that the image is in
};

}  // namespace clawbox::store
