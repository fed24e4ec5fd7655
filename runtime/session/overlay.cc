#include "session/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "launch/identity.h"
#include "mount/view.h"
#include "review/layers.h"
#include "seccomp/cache.h"
#include "store/image.h"
#include "supervise/space_guard.h"
#include "sys/directories.h"
#include "sys/file_systems.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::session {
namespace {

using namespace std::chrono_literals;

// Beside the layers: how many bytes the session may write, as the text of a link.
constexpr const char* kPromised = "promised";
constexpr uint64_t kInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
constexpr auto kShortRelease = 2s;     // of an image whose session is no more
constexpr auto kLongestRelease = 10s;  // the kernel takes the session's mounts apart

/// For root's sessions, which run on a host id that owns nothing, a view in which theirs is the workspace's owner.
/// Empty for others.
OwnedFd mapped_view(const OwnedFd& directory, const std::string& path, const Identity& identity) {
  if (!identity.file_owner) return {};
  if (::fchown(directory.get(), identity.file_owner->host, identity.file_group->host) < 0)
    throw_errno("giving {} to the workspace's owner", in_quotes(path));
  return mount::mapped_tree(Bind{path, ""}, launch::owner_map(identity));
}

/// What is made for root's sessions on no directory of the host belongs to the same.
std::optional<store::Owner> owner_of(const Identity& identity) {
  if (!identity.file_owner) return std::nullopt;
  return store::Owner{{identity.file_owner->host, identity.file_group->host}, launch::owner_map(identity)};
}

store::Wish wish_of(const Plan& plan, const OwnedFd& directory, const std::string& path, const std::string& cache) {
  const Storage& storage = *plan.storage;
  store::Wish wish;
  wish.path = path;
  wish.image = review::kImage;
  const bool has_image = storage.backing == Storage::Backing::kLoop;
  if (has_image) wish.owner = owner_of(plan.identity);
  if (!has_image) wish.tree = mapped_view(directory, path, plan.identity);
  const bool is_served = storage.backing == Storage::Backing::kFuse;  // as the session; who watches does so as root
  const OwnedFd& seen = wish.tree && is_served ? wish.tree : directory;
  wish.directory = sys::open_at(seen, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  wish.caps = {storage.bytes, storage.files};
  if (const auto calls = store::calls_of(storage.backing))
    wish.filters = seccomp::compile_cached(*calls, cache + "/filters").filters;
  wish.server = store::Ids{plan.identity.uid, plan.identity.gid};
  return wish;
}

/// Whatever modes its directories have; at a depth that overlayfs makes. Nobody else is at work there any more.
void remove_tree(const OwnedFd& parent, const std::string& name, int depth = 0) {
  constexpr int kDeepest = 16;
  if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno != EISDIR || depth == kDeepest) return;
  if (::fchmodat(parent.get(), name.c_str(), 0700, 0) != 0) return;
  const OwnedFd directory = sys::try_openat2(parent.get(), name, O_RDONLY | O_DIRECTORY, kInside);
  if (!directory) return;
  std::vector<std::string> names;
  sys::Listing listing(directory);
  while (const dirent* entry = listing.next()) names.emplace_back(entry->d_name);
  for (const std::string& one : names)
    if (one != "." && one != "..") remove_tree(directory, one, depth + 1);
  ::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR);
}

/// False where something of overlayfs stays.
bool tidy_layers(const OwnedFd& base) {
  remove_tree(base, "work");
  ::unlinkat(base.get(), "upper", AT_REMOVEDIR);
  return ::faccessat(base.get(), "work", F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

bool has_upper(const OwnedFd& base) { return ::faccessat(base.get(), "upper", F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

/// What overlayfs left there, and what nobody wrote to. What cannot be removed now, the next session tries again.
void tidy(const OwnedFd& all, const OwnedFd& directory, const std::string& name) try {
  for (const std::string& one : {std::string(review::kMountedLink), review::kImage + std::string(store::kUnfinished)})
    ::unlinkat(directory.get(), one.c_str(), 0);
  {
    const OwnedFd image = review::image_root(directory, kShortRelease);
    const OwnedFd& base = image ? image : directory;
    if (!tidy_layers(base)) return;
    if (!has_upper(base))  // nothing to review
      for (const char* one : {review::kWorkspaceLink, review::kProtectFile, review::kImage})
        ::unlinkat(directory.get(), one, 0);
  }
  ::unlinkat(directory.get(), kPromised, 0);
  ::unlinkat(all.get(), name.c_str(), AT_REMOVEDIR);
} catch (const SysError&) {
}

struct Promised {
  uint64_t bytes = 0;
  unsigned sessions = 0;
};

/// To the sessions that live, which hold their locks; what killed ones left is tidied.
Promised promised_to_others(const OwnedFd& all) {
  Promised promised;
  sys::Listing listing(all);
  while (const dirent* entry = listing.next()) {
    const OwnedFd directory = sys::try_openat2(all.get(), entry->d_name, O_RDONLY | O_DIRECTORY, kInside);
    std::array<char, 32> bytes{};
    if (!directory || ::readlinkat(directory.get(), kPromised, bytes.data(), bytes.size() - 1) <= 0) continue;
    if (sys::try_lock(directory)) {
      tidy(all, directory, entry->d_name);
      continue;
    }
    promised.bytes += std::strtoull(bytes.data(), nullptr, 10);
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

std::string overlays_in(const Directories& directories) { return directories.state + "/overlays"; }

OwnedFd locked(const std::string& directory) {
  OwnedFd fd =
      sys::open_at(open_private_directory(directory), ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  sys::lock(fd);
  return fd;
}

}  // namespace

std::vector<plan::StoreFact> tried_stores(const plan::StoreWish& wish) {
  const std::string place = overlays_in(directories_of_caller());
  std::vector<plan::StoreFact> facts;
  for (const Storage::Backing backing : wish.order) {
    facts.push_back({backing, store::why_not(backing, place, {wish.bytes, wish.files})});
    if (facts.back().why_not.empty()) break;
  }
  return facts;
}

Overlay::Overlay(const Plan& plan, const Directories& directories, const std::string& id) {
  if (plan.workspace.mode != Workspace::Mode::kOverlay) return;
  open_private_directory(directories.state);
  const std::string path = overlays_in(directories);
  all_ = locked(path);  // one session at a time
  const Promised promised = promised_to_others(all_);
  if (plan.storage->backing != Storage::Backing::kTmpfs) require_room(plan, all_, promised);
  name_ = id;
  directory_ = path + "/" + id;
  lock_ = locked(directory_);
  sys::make_symlink(lock_, kPromised, std::to_string(plan.storage->bytes));
  // A session whose sandbox is built anew goes on with what it wrote, from the same beginning.
  if (::faccessat(lock_.get(), review::kWorkspaceLink, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
    sys::make_symlink(lock_, review::kWorkspaceLink, plan.workspace.host);
  sys::replace_file(lock_, review::kProtectFile, joined(plan.workspace.protect, "\n"), 0600);
  all_ = sys::open_at(all_, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);  // and the next may
  try {
    store_ = store::open(plan.storage->backing, wish_of(plan, lock_, directory_, directories.cache));
    if (const int root = store_->root(); root >= 0)
      sys::make_symlink(lock_, review::kMountedLink, fmt::format("/proc/{}/fd/{}", ::getpid(), root));
  } catch (const Error&) {
    store_.reset();
    tidy(all_, lock_, name_);
    throw;
  }
}

Overlay::~Overlay() {
  if (directory_.empty()) return;
  store_.reset();
  tidy(all_, lock_, name_);
}

std::string Overlay::kept(std::string& detail) {
  if (directory_.empty()) return "";
  if (store_->wait_until_released(kLongestRelease))
    tidy(all_, lock_, name_);
  else  // the next session tidies it
    detail += (detail.empty() ? "" : "; ") + std::string(
                                                 "the kernel still holds the workspace's overlay: what was written "
                                                 "last through a mapping may be missing");
  const std::string directory = std::exchange(directory_, "");
  for (const char* one : {"upper", review::kImage})
    if (::faccessat(lock_.get(), one, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return directory + "/" + one;
  return "";
}

}  // namespace clawbox::session
