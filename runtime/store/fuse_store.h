// A directory of the host behind our own file server: hard, rootless, wherever /dev/fuse can be opened.
//
// Data stops 16 KiB below the cap (kNameRoom). Full is ENOSPC; a mapping that cannot be written out loses those pages
// and the next msync(2) or fsync(2) says so. The directory is the session's alone while this lives.
#pragma once

#include <optional>

#include "store/file_server.h"
#include "store/store.h"

namespace clawbox::store {

class FuseStore : public Store {
 public:
  explicit FuseStore(Wish wish) : wish_(std::move(wish)) {}
  static std::string why_not();

  Backing backing() const override { return Backing::kFuse; }
  Mounted mount() const override;
  void serve(OwnedFd for_parent, OwnedFd user_namespace) override;
  int news() const override { return server_ ? server_->news.get() : -1; }
  News next_news() override;
  News last_news() override;
  bool wait_until_released(std::chrono::milliseconds time) override;
  /// While it is served.
  const sys::Process& server() const { return server_->process; }

 private:
  Wish wish_;
  std::optional<FileServer> server_;
};

}  // namespace clawbox::store
