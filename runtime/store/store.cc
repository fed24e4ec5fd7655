#include "store/store.h"

#include "store/fuse_store.h"
#include "store/held_store.h"
#include "store/image.h"
#include "store/projects.h"
#include "store/tmpfs_store.h"
#include "store/watch_store.h"

namespace clawbox::store {

const char* name_of(Backing backing) { return Storage::kNames.at(static_cast<std::size_t>(backing)); }

std::unique_ptr<Store> open(Backing backing, Wish wish) {
  if (backing == Backing::kQuota) {
    take_project(wish.directory, wish.caps);
    return std::make_unique<HeldStore>(backing, std::move(wish));
  }
  if (backing == Backing::kLoop) return LoopStore::make(std::move(wish));
  if (backing == Backing::kTmpfs) return std::make_unique<TmpfsStore>(wish.caps);
  if (backing == Backing::kWatch) return std::make_unique<WatchStore>(std::move(wish));
  return std::make_unique<FuseStore>(std::move(wish));
}

std::optional<SyscallPolicy> calls_of(Backing backing) {
  if (backing == Backing::kFuse) return server_calls();
  if (backing == Backing::kWatch) return watcher_calls();
  return std::nullopt;
}

std::string why_not(Backing backing, const std::string& place, Caps caps) {
  switch (backing) {
    case Backing::kQuota:
      return why_no_project(place, caps);
    case Backing::kLoop:
      return why_no_image();
    case Backing::kTmpfs:
      return TmpfsStore::why_not();
    case Backing::kFuse:
      return FuseStore::why_not();
    case Backing::kWatch:
      return "";
  }
  return "";
}

}  // namespace clawbox::store
