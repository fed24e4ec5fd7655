// The loop of the file server: one request, one answer, until the mount is gone. /dev/fuse, <linux/fuse.h>.
#pragma once

#include <functional>

#include "base/owned_fd.h"
#include "store/quota_fs.h"

namespace clawbox::store {

class Server {
 public:
  /// `tell` hears of the first refusal of each kind.
  using Tell = std::function<void(Refusal, const Quota&)>;
  Server(OwnedFd device, QuotaFs files, Tell tell);

  /// Returns when the mount is gone.
  void run();

 private:
  std::span<const std::byte> next(std::span<std::byte> buffer);
  enum class Patience { kNone, kSome };  // kSome: what is refused may be asked once more
  void serve(std::span<const std::byte> message, Patience patience);
  bool put_off(std::span<const std::byte> message);
  void answer_late();
  Answer initialize(Request& request);
  void forget(Request& request);
  void report(Refusal refusal);

  OwnedFd device_;
  QuotaFs files_;
  Tell tell_;
  Reply reply_;
  std::vector<std::byte> late_;  // a refused request that waits for room
  unsigned late_turns_ = 0;
  bool told_bytes_ = false, told_files_ = false;
};

}  // namespace clawbox::store
