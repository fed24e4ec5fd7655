// A directory of the host as it is, looked at: soft. Nothing refuses a write; a session that is over a cap has to be
// ended by who watches it. As fast as the host. Nothing is tried ahead: where no overlay can lie on the directory,
// mounting that tells.
#pragma once

#include <optional>

#include "store/store.h"
#include "sys/helper.h"

namespace clawbox::store {

/// What a watcher (watcher.h) has to say; it says one thing. kServed with what is used: it looked once, and all is
/// well.
Store::News told_by(const sys::Helper& watcher);

class WatchStore : public Store {
 public:
  explicit WatchStore(Wish wish) : wish_(std::move(wish)) {}

  Backing backing() const override { return Backing::kWatch; }
  Mounted mount() const override;
  void serve(OwnedFd for_parent, OwnedFd user_namespace) override;
  void session_begins(pid_t init) override;
  int news() const override { return watcher_ ? watcher_->channel.get() : -1; }
  News next_news() override;

 private:
  Wish wish_;
  OwnedFd user_namespace_;
  std::optional<sys::Helper> watcher_;
};

}  // namespace clawbox::store
