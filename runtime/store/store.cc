#include "store/store.h"

#include "base/error.h"
#include "base/text.h"
#include "store/fuse_store.h"
#include "store/tmpfs_store.h"

namespace clawbox::store {
namespace {

std::unique_ptr<Store> make(Backing backing, Wish wish) {
  if (backing == Backing::kTmpfs) return std::make_unique<TmpfsStore>(wish.caps);
  return std::make_unique<FuseStore>(std::move(wish));
}

[[noreturn]] void throw_none(const std::vector<Rejected>& rejected) {
  std::vector<std::string> reasons;
  reasons.reserve(rejected.size());
  for (const Rejected& one : rejected) reasons.push_back(fmt::format("{}: {}", name_of(one.backing), one.why));
  throw Error(ExitStatus::kFeatureMissing, "no capped store can be had here: " + joined(reasons, "; "));
}

}  // namespace

const char* name_of(Backing backing) { return Storage::kNames.at(static_cast<std::size_t>(backing)); }

std::string why_not(Backing backing, const Wish& wish) {
  return backing == Backing::kTmpfs ? TmpfsStore::why_not(wish) : FuseStore::why_not();
}

Opened open(Wish wish) {
  Opened opened;
  for (const Backing backing : kBackings) {
    if (wish.only && *wish.only != backing) continue;
    std::string why = why_not(backing, wish);
    if (why.empty()) {
      opened.store = make(backing, std::move(wish));
      return opened;
    }
    opened.rejected.push_back({backing, std::move(why)});
  }
  throw_none(opened.rejected);
}

}  // namespace clawbox::store
