#include "mount/targets.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

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

OwnedFd Targets::parent_of(const std::string& path) const {
  return find_or_make(parts_of(path).parent, PlaceKind::kDirectory, LastSymlink::kFollow);
}

OwnedFd Targets::find_or_make(const std::string& path, PlaceKind kind, LastSymlink last) const {
  return make(path, kind, last, 0);
}

OwnedFd Targets::make(const std::string& path, PlaceKind kind, LastSymlink last, int depth) const {
  if (depth > kMostSymlinks) throw_sys_error(ELOOP, "mount target " + in_quotes(path));
  const int flags = O_PATH | (last == LastSymlink::kRefuse ? O_NOFOLLOW : 0);
  if (auto place = sys::open_if_there(root_, path, flags, sys::Resolve::kInRoot)) {
    if (S_ISLNK(sys::status_of(*place).st_mode))
      throw Error(ExitStatus::kSetupFailed, fmt::format("mount target {} is a symlink", in_quotes(path)),
                  "name the place that it leads to as the target");
    return std::move(*place);
  }
  const auto [parent_path, name] = parts_of(path);
  const OwnedFd parent = make(parent_path, PlaceKind::kDirectory, LastSymlink::kFollow, depth + 1);
  if (sys::open_if_there(parent, name, O_PATH | O_NOFOLLOW, sys::Resolve::kAny)) {
    const std::string to = sys::read_link(parent, name);  // it is there and leads nowhere: make the place that it means
    return make(to.starts_with('/') ? to : parent_path + "/" + to, kind, last, depth + 1);
  }
  require_ours(parent, path);
  if (kind == PlaceKind::kDirectory)
    sys::make_directory(parent, name, 0755);
  else
    sys::make_file(parent, name, 0644);
  return sys::open_at(parent, name, O_PATH | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
}

}  // namespace clawbox::mount
