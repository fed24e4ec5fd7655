#include "review/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "review/copy.h"
#include "review/links.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::review {
namespace {

constexpr const char* kIgnore = ".gitignore";

OwnedFd opened(const Layers& layers, const std::string& name, Staging::Make make) {
  const OwnedFd& workspace = layers.lower().root();
  if (make == Staging::Make::kNew) sys::make_directory(workspace, name, 0700);
  OwnedFd directory =
      sys::open_at(workspace, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, sys::Resolve::kBeneathNoSymlinks);
  if (make == Staging::Make::kNew) {
    const OwnedFd ignore =
        sys::open_at(directory, kIgnore, O_CREAT | O_EXCL | O_WRONLY, sys::Resolve::kBeneathNoSymlinks, 0600);
    sys::write_all(ignore, "*\n", kIgnore);
  }
  return directory;
}

}  // namespace

Staging::Staging(const Layers& layers, Make make)
    : layers_(layers), name_(std::string(kStagingPrefix) + layers.id()), directory_(opened(layers, name_, make)) {}

void Staging::prepare(Operation& operation, const Change& change) try {
  if (operation.act != Operation::Act::kPlace) return;
  const std::string name = std::to_string(operation.number);
  if (change.after->kind == Kind::kDirectory) {
    sys::make_directory(directory_, name, 0700);
    const OwnedFd made = sys::open_at(directory_, name, O_RDONLY | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
    give_to_owner(made, "", change);
  } else if (change.after->kind == Kind::kSymlink) {
    copy_link(operation, change);
  } else {
    copy_file(operation, change);
  }
  operation.staged_inode = entry_in(directory_, name).value().status.st_ino;
} catch (const SysError& error) {
  throw SysError(error.code(), fmt::format("preparing {}", in_quotes(change.path)));
}

void Staging::copy_file(const Operation& operation, const Change& change) {
  const std::string name = std::to_string(operation.number);
  const struct stat& from = change.after->status;
  const auto several =
      from.st_nlink > 1 ? linked_.emplace(std::pair(from.st_dev, from.st_ino), name) : std::pair(linked_.end(), true);
  if (!several.second) {
    const std::string& first = several.first->second;
    if (::linkat(directory_.get(), first.c_str(), directory_.get(), name.c_str(), 0) != 0) throw_errno("linking");
    return;
  }
  const OwnedFd source = layers_.upper().try_file(change.path);
  if (!source) throw_errno("opening");
  const OwnedFd target =
      sys::open_at(directory_, name, O_CREAT | O_EXCL | O_RDWR, sys::Resolve::kBeneathNoSymlinks, 0600);
  copy_content(source, target);
  copy_attributes(source, target);
  give_to_owner(target, "", change);
  if (::fchmod(target.get(), change.after->mode()) != 0) throw_errno("setting permissions");
  copy_times(source, target);
}

void Staging::copy_link(const Operation& operation, const Change& change) {
  const std::string name = std::to_string(operation.number);
  sys::make_symlink(directory_, name, change.points_to);
  give_to_owner(directory_, name, change);
}

/// Root's sessions write as the workspace's owner, and so does root here. Anybody else owns what he makes, and keeps
/// the group of what was there where he is a member of it.
void Staging::give_to_owner(const OwnedFd& file, const std::string& name, const Change& change) const {
  std::optional<Entry> model = change.before;
  for (std::string above = change.path; !model && !above.empty();) {
    above = parent_of(above);
    model = layers_.lower().try_entry(above);
  }
  if (!model) throw_sys_error(ENOENT, "looking for its directory");
  const bool root = ::geteuid() == 0;
  if (!root && !change.before) return;
  const uid_t owner = root ? model->status.st_uid : static_cast<uid_t>(-1);
  const int flags = AT_SYMLINK_NOFOLLOW | (name.empty() ? AT_EMPTY_PATH : 0);
  const int changed = ::fchownat(file.get(), name.c_str(), owner, model->status.st_gid, flags);
  if (changed != 0 && root) throw_errno("giving it to its owner");
}

bool Staging::remove() {
  sys::Listing listing(directory_);
  std::vector<std::string> names;
  while (const dirent* entry = listing.next()) names.emplace_back(entry->d_name);
  for (const std::string& one : names)
    if (::unlinkat(directory_.get(), one.c_str(), 0) != 0) ::unlinkat(directory_.get(), one.c_str(), AT_REMOVEDIR);
  return ::unlinkat(layers_.lower().root().get(), name_.c_str(), AT_REMOVEDIR) == 0;
}

void sync_around(const OwnedFd& directory) {
  if (::syncfs(directory.get()) != 0) throw_errno("writing everything to disk");
}

}  // namespace clawbox::review
