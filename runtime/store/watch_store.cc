#include "store/watch_store.h"

#include <span>

#include "store/file_server.h"
#include "store/held_store.h"
#include "store/watcher.h"
#include "sys/channel.h"
#include "sys/files.h"

namespace clawbox::store {

Store::Mounted WatchStore::mount() const {
  OwnedFd tree = mount_of(wish_);
  OwnedFd for_parent = sys::duplicate(tree.get());  // for the user namespace that comes with it
  return {std::move(tree), std::move(for_parent)};
}

void WatchStore::serve(OwnedFd, OwnedFd user_namespace) { user_namespace_ = std::move(user_namespace); }

void WatchStore::session_begins(pid_t init) {
  watcher_ = start_watcher({.directory = std::move(wish_.directory),
                            .user_namespace = std::move(user_namespace_),
                            .session = init,
                            .caps = wish_.caps,
                            .filters = wish_.filters});
}

Store::News WatchStore::next_news() { return told_by(*watcher_); }

Store::News told_by(const sys::Helper& watcher) {
  using State = Store::News::State;
  ServerNews news;
  if (!sys::receive_packet(watcher.channel, std::as_writable_bytes(std::span(&news, 1))) ||
      news.what == ServerNews::What::kFailed)
    return {.full = {}, .state = State::kLost};
  const Full::Of of = news.what == ServerNews::What::kFullOfFiles ? Full::Of::kFiles : Full::Of::kBytes;
  const bool is_well = news.what == ServerNews::What::kReleased;
  return {.full = Full{of, news.caps, news.used}, .state = is_well ? State::kServed : State::kExceeded};
}

}  // namespace clawbox::store
