#include "session/overlay.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "launch/identity.h"
#include "mount/view.h"
#include "seccomp/cache.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kLongestRelease = 10s;  // the kernel takes the session's mounts apart

/// For root's sessions, which run on a host id that owns nothing, a view in which theirs is the workspace's owner.
OwnedFd opened(const std::string& directory, const Identity& identity) {
  if (!identity.file_owner) return sys::open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (::lchown(directory.c_str(), identity.file_owner->host, identity.file_group->host) < 0)
    throw_errno("giving {} to the workspace's owner", in_quotes(directory));
  const OwnedFd tree = mount::mapped_tree(Bind{directory, ""}, launch::owner_map(identity));
  return sys::open_at(tree, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
}

store::Wish wish_of(const Plan& plan, const std::string& directory, const std::string& cache) {
  const Storage& storage = *plan.storage;
  store::Wish wish;
  wish.directory = opened(directory, plan.identity);
  wish.caps = {storage.bytes, storage.files};
  wish.only = storage.backing;
  wish.most_memory = storage.backing == Storage::Backing::kTmpfs ? storage.bytes : 0;
  wish.server_filters = seccomp::compile_cached(store::server_calls(), cache + "/filters").filters;
  wish.server = store::Ids{plan.identity.uid, plan.identity.gid};
  return wish;
}

/// What overlayfs left there, and what nobody wrote to; `work` in its own has no mode bits.
void tidy(const fs::path& directory) {
  std::error_code ignored;
  const fs::path work = directory / "work";
  fs::permissions(work / "work", fs::perms::owner_all, fs::perm_options::replace | fs::perm_options::nofollow, ignored);
  fs::remove_all(work, ignored);
  ::rmdir((directory / "upper").c_str());
  ::rmdir(directory.c_str());
}

/// A session that lives holds the lock.
void tidy_after_the_killed(const std::string& all) {
  std::error_code ignored;
  for (const fs::directory_entry& one : fs::directory_iterator(all, ignored)) {
    if (!fs::exists(one.path() / "work", ignored)) continue;
    const OwnedFd lock = sys::open(one.path(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (sys::try_lock(lock)) tidy(one.path());
  }
}

}  // namespace

Overlay::Overlay(const Plan& plan, const Directories& directories, const std::string& id) {
  if (!plan.storage) return;
  open_private_directory(directories.state);
  const std::string all = directories.state + "/overlays";
  open_private_directory(all);
  tidy_after_the_killed(all);
  directory_ = all + "/" + id;
  lock_ =
      sys::open_at(open_private_directory(directory_), ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  sys::try_lock(lock_);
  try {
    store_ = store::open(wish_of(plan, directory_, directories.cache)).store;
  } catch (const Error&) {
    tidy(directory_);
    throw;
  }
}

Overlay::~Overlay() {
  if (directory_.empty()) return;
  store_.reset();
  tidy(directory_);
}

std::string Overlay::kept() {
  if (directory_.empty()) return "";
  store_->wait_until_released(kLongestRelease);
  tidy(directory_);
  const std::string upper = std::exchange(directory_, "") + "/upper";
  std::error_code ignored;
  return fs::exists(upper, ignored) ? upper : "";
}

}  // namespace clawbox::session
