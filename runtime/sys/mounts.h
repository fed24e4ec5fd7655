// The mount API of Linux 5.2 and later, by descriptors: a mount is made detached, gets its attributes, and is attached
// only then. See fsopen(2), open_tree(2), move_mount(2); mount_setattr(2) needs 5.12.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/owned_fd.h"

namespace clawbox::sys {

enum class MountFlag : uint64_t { kReadOnly = 1, kNoSuid = 2, kNoDev = 4, kNoExec = 8, kNoAtime = 16 };
constexpr MountFlag operator|(MountFlag a, MountFlag b) {
  return static_cast<MountFlag>(static_cast<uint64_t>(a) | static_cast<uint64_t>(b));
}
enum class Reach { kThisMount, kWholeTree };

using MountOption = std::pair<std::string, std::string>;  // an empty second half: a flag such as "newinstance"

/// A new, detached file system.
OwnedFd new_filesystem(const std::string& type, std::span<const MountOption> options, MountFlag flags);
/// A detached copy of what `path` shows: of the whole tree of mounts below it, as the kernel demands of a user
/// namespace.
OwnedFd clone_tree(const OwnedFd& path);
OwnedFd clone_tree_at(const OwnedFd& directory, const std::string& name);
/// A detached copy of one mount without the mounts below it.
OwnedFd clone_mount(const OwnedFd& path);
/// Adds flags and makes the mounts private, so that nothing mounted later on the host appears in them.
void restrict_mount(const OwnedFd& mount, MountFlag flags, Reach reach);
/// Maps the owners of the files of a detached tree through a user namespace (MOUNT_ATTR_IDMAP, Linux 5.12).
void map_owners(const OwnedFd& mount, const OwnedFd& user_namespace);
void attach(const OwnedFd& mount, const OwnedFd& target);
/// At `name` in `directory`, which must be no symlink; at `directory` itself where it is empty.
void attach_at(const OwnedFd& mount, const OwnedFd& directory, const std::string& name);
/// The mount at `name` in `directory` leaves the tree; what still uses it keeps it (MNT_DETACH).
void detach(const OwnedFd& directory, const std::string& name);
void attach_over_root(const OwnedFd& mount);
/// `new_root` becomes `/`; the old tree is detached from this namespace as a whole. See pivot_root(2).
void pivot_into(const OwnedFd& new_root);

}  // namespace clawbox::sys
