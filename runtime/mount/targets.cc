#include "mount/targets.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"
#include "sys/mounts.h"

namespace clawbox::mount {
namespace {

constexpr int kMostSymlinks = 40;  // as the kernel's own limit (path_resolution(7))

struct Parts {
  std::string parent, name;
};

Parts parts_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size())
    throw_sys_error(EINVAL, "mount target " + in_quotes(path));
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

Targets::Targets(OwnedFd root) : root_(std::move(root)) { owns(root_); }

void Targets::owns(const OwnedFd& filesystem) { ours_.insert(sys::status_of(filesystem).st_dev); }

bool Targets::is_ours(const OwnedFd& directory) const { return ours_.contains(sys::status_of(directory).st_dev); }

void Targets::require_ours(const OwnedFd& directory, const std::string& path) const {
  if (is_ours(directory)) return;
  throw Error(
      ExitStatus::kSetupFailed,
      fmt::format("mount target {} does not exist, and the directory above it belongs to the host", in_quotes(path)),
      "clawbox makes nothing in host directories: create it there, or choose another target");
}

OwnedFd Targets::parent_of(const std::string& path) const { return directory_at(parts_of(path).parent, 0); }

void Targets::attach(const OwnedFd& mount, const std::string& path, PlaceKind kind, LastSymlink last) const {
  const Place place = find_or_make(path, kind, last, 0);
  sys::attach_at(mount, place.directory, place.name);
}

OwnedFd Targets::directory_at(const std::string& path, int depth) const {
  Place place = find_or_make(path, PlaceKind::kDirectory, LastSymlink::kFollow, depth);
  if (place.name.empty()) return std::move(place.directory);
  return sys::open_at(place.directory, place.name, O_PATH | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
}

Targets::Place Targets::find_or_make(const std::string& path, PlaceKind kind, LastSymlink last, int depth) const {
  if (depth > kMostSymlinks) throw_sys_error(ELOOP, "mount target " + in_quotes(path));
  const int flags = O_PATH | (last == LastSymlink::kRefuse ? O_NOFOLLOW : 0);
  if (auto there = sys::open_if_there(root_, path, flags, sys::Resolve::kInRoot)) {
    if (last == LastSymlink::kRefuse && S_ISLNK(sys::status_of(*there).st_mode))
      throw Error(ExitStatus::kSetupFailed, fmt::format("mount target {} is a symlink", in_quotes(path)),
                  "name the place that it leads to as the target");
    return {std::move(*there), ""};
  }
  auto [parent_path, name] = parts_of(path);
  OwnedFd parent = directory_at(parent_path, depth + 1);
  if (last == LastSymlink::kFollow && sys::open_if_there(parent, name, O_PATH | O_NOFOLLOW, sys::Resolve::kAny)) {
    const std::string to = sys::read_link(parent, name);  // it is there and leads nowhere: make the place that it means
    return find_or_make(to.starts_with('/') ? to : parent_path + "/" + to, kind, last, depth + 1);
  }
  require_ours(parent, path);
  if (kind == PlaceKind::kDirectory)
    sys::make_directory(parent, name, 0755);
  else
    sys::make_file(parent, name, 0644);
  return {std::move(parent), std::move(name)};
}

}  // namespace clawbox::mount
