#include "review/trim.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "review/links.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::review {
namespace {

constexpr const char* kAside =
    "aside";  // beside the upper layer: a directory that leaves it, or is about to be part of it
constexpr const char* kRemoved = "removed";  // the upper layer, while it is being removed

void white_out(const OwnedFd& directory, const std::string& name) {
  if (::mknodat(directory.get(), name.c_str(), S_IFCHR, makedev(0, 0)) != 0 && errno != EEXIST)
    throw_errno("marking {} as removed", in_quotes(name));
}

void open_up(const OwnedFd& parent, const std::string& name) {
  constexpr uint64_t kInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const OwnedFd place = sys::try_openat2(parent.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW, kInside);
  if (place) ::chmod(fmt::format("/proc/self/fd/{}", place.get()).c_str(), 0700);
}

bool remove_one(const OwnedFd& parent, const std::string& name) {
  return ::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT ||
         ::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0;
}

/// Everything in `base` whose name begins so, whatever its permissions. The sandbox chose how deep it is: so
/// directories are brought up into `base` before they are emptied, and no path, stack or number of descriptors grows.
void remove_all(const OwnedFd& base, const std::string& prefix) {
  unsigned number = 0;
  const auto bring_up = [&](const OwnedFd& from, const std::string& name) {
    open_up(from, name);  // rename(2) writes its ".."
    int moved = -1;
    do
      moved = ::renameat2(from.get(), name.c_str(), base.get(), fmt::format("{}.{}", prefix, number++).c_str(),
                          RENAME_NOREPLACE);
    while (moved != 0 && errno == EEXIST);
    if (moved != 0) throw_errno("removing {}", in_quotes(name));
  };
  for (bool more = true; more;) {
    more = false;
    for (const std::string& name : sys::names_in(base)) {
      if (!name.starts_with(prefix) || remove_one(base, name)) continue;
      more = true;
      open_up(base, name);
      const OwnedFd directory =
          sys::open_at(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
      for (const std::string& inner : sys::names_in(directory))
        if (!remove_one(directory, inner)) bring_up(directory, inner);
    }
  }
}

/// A directory of the upper layer that its owner may not write is, while this lives.
class Writable {
 public:
  explicit Writable(const Tree& tree, const std::string& path) : directory_(tree.try_open(path, O_PATH | O_DIRECTORY)) {
    struct stat status {};
    if (!directory_ || ::fstat(directory_.get(), &status) != 0) return;
    mode_ = status.st_mode & 07777;
    if ((mode_ & 0700) != 0700) set(mode_ | 0700);
  }
  Writable(const Writable&) = delete;
  ~Writable() {
    if ((mode_ & 0700) != 0700) set(mode_);
  }
  const OwnedFd& directory() const { return directory_; }

 private:
  void set(mode_t mode) const { ::chmod(fmt::format("/proc/self/fd/{}", directory_.get()).c_str(), mode); }

  OwnedFd directory_;
  mode_t mode_ = 0700;
};

}  // namespace

bool Trim::drop(const std::string& path) {
  make_explicit(path);
  if (!remove_entry(path)) return false;
  forget_empty(path);
  return true;
}

/// The directories above, where neither they nor what is in them says anything.
void Trim::forget_empty(const std::string& path) {
  for (std::string above = parent_of(path); !above.empty(); above = parent_of(above)) {
    const auto upper = layers_.upper().try_entry(above), lower = layers_.lower().try_entry(above);
    const bool same = upper && lower && lower->kind == Kind::kDirectory && upper->mode() == lower->mode();
    if (!same || !remove_entry(above)) break;
  }
}

void Trim::drop_tree(const std::string& path) {
  make_explicit(path);
  {
    const Writable parent(layers_.upper(), parent_of(path));
    if (!parent.directory()) return;
    remove_all(layers_.base(), kAside);
    open_up(parent.directory(), name_of(path));  // rename(2) writes its ".."
    // Out of the upper layer at once: half of it would be told as something else.
    if (::renameat(parent.directory().get(), name_of(path).c_str(), layers_.base().get(), kAside) != 0) return;
  }
  remove_all(layers_.base(), kAside);
  forget_empty(path);
}

void Trim::drop_whiteout(const std::string& path) {
  const std::optional<Entry> upper = layers_.upper().try_entry(path);
  if (upper && upper->is_whiteout() && !layers_.lower().try_entry(path)) drop(path);
}

void Trim::forget_mode(const std::string& path) {
  const OwnedFd directory = layers_.upper().try_open(path, O_PATH | O_DIRECTORY);
  const std::optional<Entry> lower = layers_.lower().try_entry(path);
  if (directory && lower) ::chmod(fmt::format("/proc/self/fd/{}", directory.get()).c_str(), lower->mode());
}

bool Trim::remove_entry(const std::string& path) {
  const Writable parent(layers_.upper(), parent_of(path));
  const std::string name = name_of(path);
  if (!parent.directory()) return false;
  if (::unlinkat(parent.directory().get(), name.c_str(), 0) == 0 || errno == ENOENT) return true;
  return ::unlinkat(parent.directory().get(), name.c_str(), AT_REMOVEDIR) == 0;
}

/// The directories above say name by name what they hide, so that one name can be taken out.
void Trim::make_explicit(const std::string& path) {
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string above = path.substr(0, end);
    const std::optional<Entry> upper = layers_.upper().try_entry(above);
    if (!upper) return;
    if (upper->is_whiteout()) replace_whiteout(above);
    if (upper->kind == Kind::kDirectory) expand_opaque(above);
  }
}

void Trim::expand_opaque(const std::string& path) {
  const OwnedFd directory = layers_.upper().try_open(path, O_RDONLY | O_DIRECTORY);
  std::array<char, 8> value{};
  if (!directory || ::fgetxattr(directory.get(), kOpaque, value.data(), value.size()) != 1 || value[0] != 'y') return;
  const Writable writable(layers_.upper(), path);
  white_out_children(directory, path);
  if (::fremovexattr(directory.get(), kOpaque) != 0) throw_errno("opening up {}", in_quotes(path));
}

/// What the host has there and the upper layer has not; a directory that both have becomes opaque itself.
void Trim::white_out_children(const OwnedFd& directory, const std::string& path) {
  const OwnedFd lower = layers_.lower().try_open(path, O_RDONLY | O_DIRECTORY);
  if (!lower) return;
  for (const std::string& name : sys::names_in(lower)) {
    const std::optional<Entry> upper = entry_in(directory, name);
    if (!upper) white_out(directory, name);
    if (!upper || upper->kind != Kind::kDirectory) continue;
    const std::string below = path_in(path, name);
    const Writable writable(layers_.upper(), below);
    const OwnedFd child = layers_.upper().try_open(below, O_RDONLY | O_DIRECTORY);
    if (!child || ::fsetxattr(child.get(), kOpaque, "y", 1, 0) != 0) throw_errno("opening up {}", in_quotes(below));
  }
}

/// A directory as the host's, in which everything is removed.
void Trim::replace_whiteout(const std::string& path) {
  const std::optional<Entry> lower = layers_.lower().try_entry(path);
  if (!lower || lower->kind != Kind::kDirectory) return;
  remove_all(layers_.base(), kAside);
  sys::make_directory(layers_.base(), kAside, 0700);
  const OwnedFd aside = sys::open_at(layers_.base(), kAside, O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  white_out_children(aside, path);
  if (::fchmod(aside.get(), lower->mode()) != 0) throw_errno("setting permissions");
  const Writable parent(layers_.upper(), parent_of(path));
  if (::renameat2(layers_.base().get(), kAside, parent.directory().get(), name_of(path).c_str(), RENAME_EXCHANGE) != 0)
    throw_errno("opening up {}", in_quotes(path));
  remove_all(layers_.base(), kAside);
}

namespace {

void remove_rest(const OwnedFd& all, const OwnedFd& directory, const std::string& id) {
  remove_all(directory, "");
  if (::unlinkat(all.get(), id.c_str(), AT_REMOVEDIR) != 0) throw_errno("removing {}", in_quotes(id));
}

}  // namespace

void remove_overlay(const Layers& layers) {
  if (::renameat(layers.base().get(), "upper", layers.base().get(), kRemoved) != 0)
    throw_errno("removing what the session wrote");
  remove_rest(layers.all(), layers.directory(), layers.id());
}

void remove_leftovers(const std::string& path) {
  const OwnedFd all = sys::try_openat2(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
  if (!all || !sys::try_lock(all)) return;  // a session that is being made has its directory, and not yet its lock
  for (const std::string& id : sys::names_in(all)) {
    const OwnedFd directory =
        sys::try_openat2(all.get(), id, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (!directory || entry_in(directory, "upper") || entry_in(directory, kImage) || !sys::try_lock(directory))
      continue;
    remove_rest(all, directory, id);
  }
}

}  // namespace clawbox::review
