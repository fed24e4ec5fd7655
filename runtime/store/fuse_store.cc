#include "store/fuse_store.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "store/trial.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/ready_set.h"

namespace clawbox::store {
namespace {

// The device must be opened in the user namespace that mounts it: opened before, the mount is EINVAL. The kernel checks
// permissions by itself, and lets in everybody of that namespace and those below it (allow_other).
Store::Mounted mount_device() {
  OwnedFd device = sys::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  const sys::MountOption options[] = {{"source", "clawbox"},
                                      {"fd", std::to_string(device.get())},
                                      {"rootmode", "40000"},
                                      {"user_id", std::to_string(::geteuid())},
                                      {"group_id", std::to_string(::getegid())},
                                      {"default_permissions", ""},
                                      {"allow_other", ""}};
  OwnedFd mount = sys::new_filesystem("fuse", options, sys::MountFlag::kNoSuid | sys::MountFlag::kNoDev);
  return {std::move(mount), std::move(device)};
}

}  // namespace

std::string FuseStore::why_not() {
  return tried_inside([] { mount_device(); });
}

Store::Mounted FuseStore::mount() const { return mount_device(); }

void FuseStore::serve(OwnedFd for_parent, OwnedFd user_namespace) {
  server_ = start_file_server({.backing = std::move(wish_.directory),
                               .device = std::move(for_parent),
                               .user_namespace = std::move(user_namespace),
                               .ids = wish_.server,
                               .caps = wish_.caps,
                               .filters = wish_.filters});
  const std::optional<ServerNews> news = store::next_news(*server_);
  if (!news || news->what != ServerNews::What::kServing)
    throw_sys_error(news ? news->error : ECHILD, "serving the store");
}

bool FuseStore::wait_until_released(std::chrono::milliseconds time) {
  return !server_ || server_->process.ended_within(time);
}

Store::News FuseStore::next_news() {
  const std::optional<ServerNews> news = store::next_news(*server_);
  if (!news || news->what == ServerNews::What::kFailed) return {.full = {}, .state = News::State::kLost};
  if (news->what == ServerNews::What::kReleased) return {.full = {}, .state = News::State::kReleased};
  const Full::Of of = news->what == ServerNews::What::kFullOfFiles ? Full::Of::kFiles : Full::Of::kBytes;
  return {.full = Full{of, news->caps, news->used}};
}

/// What came while the session ended, and nobody took any more.
Store::News FuseStore::last_news() { return server_ && sys::is_readable(server_->news.get()) ? next_news() : News{}; }

}  // namespace clawbox::store
