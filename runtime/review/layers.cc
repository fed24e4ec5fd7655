#include "review/layers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/images.h"
#include "sys/openat2.h"

namespace clawbox::review {
namespace {

constexpr std::size_t kLongestProtect = 1 << 20;
constexpr std::chrono::seconds kPatience{10};  // the kernel takes an ended session's mount apart
constexpr int kListed = O_RDONLY | O_DIRECTORY;

OwnedFd opened(const std::string& directory) try {
  return sys::open_resolved(directory, kListed, sys::Resolve::kAny);
} catch (const SysError& error) {
  throw Error(ExitStatus::kStateUnusable, fmt::format("what overlay sessions wrote: {}", error.what()),
              "run it as who ran the session, with the same XDG_STATE_HOME");
}

OwnedFd opened_below(const OwnedFd& directory, const std::string& name) try {
  return sys::open_at(directory, name, kListed, sys::Resolve::kBeneathNoSymlinks);
} catch (const SysError& error) {
  throw Error(ExitStatus::kStateUnusable, fmt::format("what the session wrote: {}", error.what()),
              "`clawbox diff` without a session lists those that kept something");
}

/// A plan holds the real path: a symlink that has come since leads elsewhere.
OwnedFd opened_workspace(const std::string& path) try {
  return sys::open_resolved(path, kListed, sys::Resolve::kNoSymlinks);
} catch (const SysError& error) {
  throw Error(ExitStatus::kWorkspaceUnusable, fmt::format("the session's workspace: {}", error.what()),
              "put it back where it was; what the session wrote is kept until `clawbox discard`");
}

std::string workspace_of(const OwnedFd& directory, const std::string& id) try {
  return sys::read_link(directory, kWorkspaceLink);
} catch (const SysError&) {
  throw Error(ExitStatus::kStateUnusable, fmt::format("the session {} does not say where its workspace is", id),
              "a clawbox that could not yet review wrote it: look into the directory `upper` yourself");
}

/// Not its change time, which moves when the state directory is copied or restored.
int64_t began_at(const OwnedFd& directory) {
  const std::optional<Entry> link = entry_in(directory, kWorkspaceLink);
  return link ? nanoseconds(link->status.st_mtim) : 0;
}

/// By a lock of its own, which goes at once: a look must not keep anybody from an apply.
bool is_locked(const OwnedFd& directory) {
  return !sys::try_lock(sys::open_at(directory, ".", kListed, sys::Resolve::kBeneathNoSymlinks));
}

OwnedFd base_in(const OwnedFd& directory) try {
  return image_root(directory, kPatience);
} catch (const SysError& error) {
  throw Error(ExitStatus::kStateUnusable, fmt::format("what the session wrote, an ext4 image: {}", error.what()),
              error.code() == EBUSY ? "wait until nobody else looks at it" : "as root, where loop devices can be had");
}

std::vector<std::string> protected_by(const OwnedFd& directory) {
  const auto file = sys::open_if_there(directory, kProtectFile, O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  if (!file) return {};
  std::vector<std::string> patterns = split(sys::read_all(*file, kLongestProtect, kProtectFile), '\n');
  std::erase(patterns, "");
  return patterns;
}

}  // namespace

Layers::Layers(const std::string& directory, std::string id)
    : id_(std::move(id)),
      all_(opened(directory)),
      directory_(opened_below(all_, id_)),
      base_(base_in(directory_)),
      upper_(opened_below(base(), "upper")),
      lower_(OwnedFd()) {
  workspace_ = workspace_of(directory_, id_);
  began_ = began_at(directory_);
  protect_ = protected_by(directory_);
  lower_ = Tree(opened_workspace(workspace_));
}

bool Layers::session_lives() const { return is_locked(directory_); }

void Layers::lock_for(const std::string& verb) const {
  if (!sys::try_lock(directory_))
    throw Error(ExitStatus::kProblemsFound, fmt::format("{}: the session {} still runs, and may be writing", verb, id_),
                "end it first, or wait for it; `clawbox diff` works meanwhile");
}

std::vector<std::string> kept_sessions(const std::string& directory) {
  const OwnedFd all = sys::try_openat2(AT_FDCWD, directory, kListed, 0);
  if (!all && errno == ENOENT) return {};
  if (!all) opened(directory);  // says why
  std::vector<std::string> ids;
  sys::Listing listing(all);
  while (const dirent* entry = listing.next())
    for (const char* holds : {"/upper", "/image"})
      if (::faccessat(all.get(), (std::string(entry->d_name) + holds).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        ids.emplace_back(entry->d_name);
  std::sort(ids.begin(), ids.end());  // an id begins with its time
  return ids;
}

OwnedFd image_root(const OwnedFd& directory, std::chrono::milliseconds time) {
  if (::faccessat(directory.get(), kImage, F_OK, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (::faccessat(directory.get(), kMountedLink, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && is_locked(directory))
    return sys::open(sys::read_link(directory, kMountedLink), kListed | O_CLOEXEC);
  const OwnedFd mount = sys::mount_image(sys::locked_image(directory, kImage, time));
  return sys::open_at(mount, ".", kListed, sys::Resolve::kBeneathNoSymlinks);
}

}  // namespace clawbox::review
