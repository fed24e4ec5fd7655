#include "session/overlay.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "launch/identity.h"
#include "mount/view.h"
#include "seccomp/cache.h"
#include "supervise/space_guard.h"
#include "sys/file_systems.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Beside the layers: how many bytes the session may write, as the text of a link.
constexpr const char* kPromised = "promised";
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
  ::unlink((directory / kPromised).c_str());
  ::rmdir((directory / "upper").c_str());
  ::rmdir(directory.c_str());
}

struct Promised {
  uint64_t bytes = 0;
  unsigned sessions = 0;
};

/// To the sessions that live, which hold their locks; what killed ones left is tidied.
Promised promised_to_others(const fs::path& all) {
  Promised promised;
  std::error_code ignored;
  for (const fs::directory_entry& one : fs::directory_iterator(all, ignored)) {
    if (!fs::is_symlink(one.path() / kPromised, ignored)) continue;
    const OwnedFd directory = sys::open(one.path(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (sys::try_lock(directory)) {
      tidy(one.path());
      continue;
    }
    promised.bytes += std::strtoull(sys::read_link(directory, kPromised).c_str(), nullptr, 10);
    ++promised.sessions;
  }
  return promised;
}

/// Caps one by one do not keep a disk from filling up: together they are no more than there is.
void require_room(const Plan& plan, const OwnedFd& all, const Promised& promised) {
  const sys::Space space = sys::space_of(all);
  const uint64_t floor = supervise::floor_in(space, plan.limits);
  const uint64_t taken = floor + promised.bytes;
  if (plan.storage->bytes <= space.free - std::min(space.free, taken)) return;
  throw Error(ExitStatus::kSetupFailed,
              fmt::format("limits.disk {} ({}) cannot be promised: {} MiB are free, {} MiB of them are promised to {} "
                          "running sessions, and {} MiB stay free",
                          size_text(plan.storage->bytes), to_string(plan.storage->origin), space.free >> 20,
                          promised.bytes >> 20, promised.sessions, floor >> 20),
              "give less with --disk, free some space, or end a session");
}

OwnedFd locked(const std::string& directory) {
  OwnedFd fd =
      sys::open_at(open_private_directory(directory), ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  sys::lock(fd);
  return fd;
}

}  // namespace

Overlay::Overlay(const Plan& plan, const Directories& directories, const std::string& id) {
  if (!plan.storage) return;
  open_private_directory(directories.state);
  const std::string all = directories.state + "/overlays";
  const OwnedFd one_at_a_time = locked(all);
  const Promised promised = promised_to_others(all);
  if (plan.storage->backing != Storage::Backing::kTmpfs) require_room(plan, one_at_a_time, promised);
  directory_ = all + "/" + id;
  lock_ = locked(directory_);
  sys::make_symlink(lock_, kPromised, std::to_string(plan.storage->bytes));
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
