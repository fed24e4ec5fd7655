#include "sys/mounts.h"

#include <fcntl.h>
#include <linux/mount.h>  // quarrels with <sys/mount.h>, which is why MNT_DETACH stands below
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::sys {
namespace {

constexpr int kMountDetach = 2;          // MNT_DETACH, <sys/mount.h>
constexpr int kNoFollow = 8;             // UMOUNT_NOFOLLOW
constexpr uint64_t kPrivate = 1u << 18;  // MS_PRIVATE, <sys/mount.h>

constexpr uint64_t attribute_bits(MountFlag flags) {
  static_assert(MOUNT_ATTR_RDONLY == 1 && MOUNT_ATTR_NOSUID == 2 && MOUNT_ATTR_NODEV == 4 && MOUNT_ATTR_NOEXEC == 8 &&
                MOUNT_ATTR_NOATIME == 16);
  return static_cast<uint64_t>(flags);
}

OwnedFd checked(long fd, const std::string& doing) {
  if (fd < 0) throw_errno("{}", doing);
  return OwnedFd(static_cast<int>(fd));
}

/// The kernel explains a refused option in the context's own log ("e tmpfs: Bad value for 'size'").
std::string kernel_log(const OwnedFd& context) {
  char line[256];
  const int code = errno;
  const ssize_t got = ::read(context.get(), line, sizeof line);
  errno = code;
  return got > 2 ? fmt::format(" ({})", escaped(std::string_view(line + 2, static_cast<std::size_t>(got - 2)))) : "";
}

void configure(const OwnedFd& context, unsigned command, const char* key, const char* value, const std::string& type) {
  if (::syscall(SYS_fsconfig, context.get(), command, key, value, 0) == 0) return;
  const std::string reason = kernel_log(context);
  throw_errno("setting up a new {}{}{}{}", type, key != nullptr ? ", option " : "", key != nullptr ? key : "", reason);
}

OwnedFd open_tree(int directory, const std::string& path, unsigned flags) {
  const unsigned all =
      flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | (path.empty() ? AT_EMPTY_PATH : 0);
  return checked(::syscall(SYS_open_tree, directory, path.c_str(), all),
                 fmt::format("copying the mount {}", in_quotes(path)));
}

}  // namespace

OwnedFd new_filesystem(const std::string& type, std::span<const MountOption> options, MountFlag flags) {
  const OwnedFd context = checked(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC), "opening file system " + type);
  for (const auto& [key, value] : options) {
    const unsigned command = value.empty() ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    configure(context, command, key.c_str(), value.empty() ? nullptr : value.c_str(), type);
  }
  configure(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, type);
  return checked(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attribute_bits(flags)),
                 "mounting a new " + type);
}

OwnedFd clone_tree(const OwnedFd& path) { return open_tree(path.get(), "", AT_RECURSIVE); }

OwnedFd clone_tree_at(const OwnedFd& directory, const std::string& name) {
  return open_tree(directory.get(), name, AT_RECURSIVE);
}

OwnedFd clone_mount(const OwnedFd& path) { return open_tree(path.get(), "", 0); }

void restrict_mount(const OwnedFd& mount, MountFlag flags, Reach reach) {
  mount_attr attributes{};
  attributes.attr_set = attribute_bits(flags);
  attributes.propagation = kPrivate;
  const unsigned at = AT_EMPTY_PATH | (reach == Reach::kWholeTree ? AT_RECURSIVE : 0u);
  if (::syscall(SYS_mount_setattr, mount.get(), "", at, &attributes, sizeof attributes) < 0)
    throw_errno("setting mount attributes");
}

void map_owners(const OwnedFd& mount, const OwnedFd& user_namespace) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace.get());
  const unsigned at = AT_EMPTY_PATH | AT_RECURSIVE;
  if (::syscall(SYS_mount_setattr, mount.get(), "", at, &attributes, sizeof attributes) < 0)
    throw_errno("mapping the owners of a mount");
}

void attach(const OwnedFd& mount, const OwnedFd& target) { attach_at(mount, target, ""); }

void attach_at(const OwnedFd& mount, const OwnedFd& directory, const std::string& name) {
  // Without MOVE_MOUNT_T_SYMLINKS a symlink at `name` is not followed (move_mount(2)).
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (name.empty() ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  if (::syscall(SYS_move_mount, mount.get(), "", directory.get(), name.c_str(), flags) < 0)
    throw_errno("attaching a mount");
}

void detach(const OwnedFd& directory, const std::string& name) {
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
  if (::syscall(SYS_umount2, path.c_str(), kMountDetach | kNoFollow) < 0) throw_errno("detaching {}", in_quotes(name));
}

void attach_over_root(const OwnedFd& mount) {
  if (::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    throw_errno("attaching the new root");
}

void pivot_into(const OwnedFd& new_root) {
  if (::fchdir(new_root.get()) < 0) throw_errno("entering the new root");
  // With the same directory twice the old root ends up stacked on the new one and is detached from there
  // (pivot_root(2)).
  if (::syscall(SYS_pivot_root, ".", ".") < 0) throw_errno("pivot_root");
  if (::syscall(SYS_umount2, ".", kMountDetach) < 0) throw_errno("detaching the old root");
  if (::chdir("/") < 0) throw_errno("entering the new root");
}

}  // namespace clawbox::sys
