// Files and directories, one function per system call; each owns its result and throws SysError.
//
// `Resolve` is how far a path may lead: see openat2(2), Linux 5.6. Every path that the sandbox could have touched is
// opened with one of the restricted forms, never by a plain open.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::sys {

enum class Resolve : uint64_t {
  kAny = 0,
  kNoSymlinks,         // RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
  kInRoot,             // RESOLVE_IN_ROOT: the directory descriptor is `/`
  kBeneathNoSymlinks,  // RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
};

OwnedFd open(const std::string& path, int flags, mode_t mode = 0);
/// openat2(2). `flags` as for open(2); O_CLOEXEC is added.
OwnedFd open_at(const OwnedFd& directory, const std::string& path, int flags, Resolve resolve, mode_t mode = 0);
/// As open_at from the process's own root, without a directory descriptor.
OwnedFd open_resolved(const std::string& path, int flags, Resolve resolve);
/// Nothing instead of ENOENT or ENOTDIR; any other error throws.
std::optional<OwnedFd> open_if_there(const OwnedFd& directory, const std::string& path, int flags, Resolve resolve);

struct stat status_of(const OwnedFd& fd);
OwnedFd duplicate(int fd);  // close-on-exec
void make_directory(const OwnedFd& parent, const std::string& name, mode_t mode);
void make_file(const OwnedFd& parent, const std::string& name, mode_t mode);  // empty; O_EXCL
void make_symlink(const OwnedFd& parent, const std::string& name, const std::string& points_to);
void make_directories(const std::string& path, mode_t mode);  // as mkdir -p; existing ones are left as they are
std::string read_link(const OwnedFd& parent, const std::string& name);
void remove_file(const OwnedFd& parent, const std::string& name);
void remove_directory(const OwnedFd& parent, const std::string& name);
void change_directory(const OwnedFd& directory);

/// At most `limit` bytes; more is an error that names `what`.
std::string read_all(const OwnedFd& fd, std::size_t limit, std::string_view what);
void write_all(const OwnedFd& fd, std::string_view bytes, std::string_view what);
/// Writes beside the file and renames, so that a reader sees the old or the new content and never half of one.
void replace_file(const OwnedFd& directory, const std::string& name, std::string_view bytes, mode_t mode);

struct Pipe {
  OwnedFd read_end, write_end;
};
Pipe make_pipe();
void set_nonblocking(int fd);
void change_pipe_owner(int fd, uid_t uid, gid_t gid);  // of an unnamed pipe; anything else is left as it is

/// True if this process got the lock; the lock goes with the descriptor (flock(2)).
void lock(const OwnedFd& fd);  // waits for it
bool try_lock(const OwnedFd& fd);
/// Somebody else has it. Who asks is in nobody's way who asks too; whoever takes the lock meanwhile is.
bool is_locked(const OwnedFd& fd);

}  // namespace clawbox::sys
