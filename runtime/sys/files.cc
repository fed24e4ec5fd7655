#include "sys/files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "sys/openat2.h"

namespace clawbox::sys {
namespace {

uint64_t resolve_bits(Resolve resolve) {
  switch (resolve) {
    case Resolve::kAny:
      return 0;
    case Resolve::kNoSymlinks:
      return RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    case Resolve::kInRoot:
      return RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    case Resolve::kBeneathNoSymlinks:
      return RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  }
  return 0;
}

OwnedFd try_open(int directory, const std::string& path, int flags, Resolve resolve, mode_t mode = 0) {
  const mode_t wanted = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  return try_openat2(directory, path, static_cast<uint64_t>(flags), resolve_bits(resolve), wanted);
}

}  // namespace

OwnedFd open(const std::string& path, int flags, mode_t mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("opening {}", in_quotes(path));
  return OwnedFd(fd);
}

OwnedFd open_at(const OwnedFd& directory, const std::string& path, int flags, Resolve resolve, mode_t mode) {
  OwnedFd fd = try_open(directory.get(), path, flags, resolve, mode);
  if (!fd) throw_errno("opening {}", in_quotes(path));
  return fd;
}

OwnedFd open_resolved(const std::string& path, int flags, Resolve resolve) {
  OwnedFd fd = try_open(AT_FDCWD, path, flags, resolve);
  if (!fd) throw_errno("opening {}", in_quotes(path));
  return fd;
}

std::optional<OwnedFd> open_if_there(const OwnedFd& directory, const std::string& path, int flags, Resolve resolve) {
  OwnedFd fd = try_open(directory.get(), path, flags, resolve);
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno("opening {}", in_quotes(path));
}

struct stat status_of(const OwnedFd& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) throw_errno("fstat");
  return status;
}

OwnedFd duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw_errno("duplicating descriptor {}", fd);
  return OwnedFd(copy);
}

void make_directory(const OwnedFd& parent, const std::string& name, mode_t mode) {
  if (::mkdirat(parent.get(), name.c_str(), mode) < 0) throw_errno("making directory {}", in_quotes(name));
}

void make_file(const OwnedFd& parent, const std::string& name, mode_t mode) {
  const int fd = ::openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("making file {}", in_quotes(name));
  ::close(fd);
}

void make_symlink(const OwnedFd& parent, const std::string& name, const std::string& points_to) {
  if (::symlinkat(points_to.c_str(), parent.get(), name.c_str()) < 0) throw_errno("making symlink {}", in_quotes(name));
}

void make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw_errno("making directory {}", in_quotes(path));
  const std::string parent = std::filesystem::path(path).parent_path();
  if (parent.empty() || parent == path) throw_errno("making directory {}", in_quotes(path));
  make_directories(parent, mode);
  if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) throw_errno("making directory {}", in_quotes(path));
}

std::string read_link(const OwnedFd& parent, const std::string& name) {
  std::string text(4096, '\0');
  const ssize_t length = ::readlinkat(parent.get(), name.c_str(), text.data(), text.size());
  if (length < 0) throw_errno("reading symlink {}", in_quotes(name));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

void remove_file(const OwnedFd& parent, const std::string& name) {
  if (::unlinkat(parent.get(), name.c_str(), 0) < 0) throw_errno("removing {}", in_quotes(name));
}

void remove_directory(const OwnedFd& parent, const std::string& name) {
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) < 0) throw_errno("removing directory {}", in_quotes(name));
}

void change_directory(const OwnedFd& directory) {
  if (::fchdir(directory.get()) < 0) throw_errno("changing directory");
}

std::string read_all(const OwnedFd& fd, std::size_t limit, std::string_view what) {
  std::string bytes;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading {}", what);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > limit) throw_sys_error(EFBIG, fmt::format("reading {}", what));
  }
}

void write_all(const OwnedFd& fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("writing {}", what);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void replace_file(const OwnedFd& directory, const std::string& name, std::string_view bytes, mode_t mode) {
  const std::string aside = fmt::format(".{}.{}", name, ::getpid());
  const int fd = ::openat(directory.get(), aside.c_str(), O_CREAT | O_TRUNC | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("making {}", in_quotes(aside));
  const OwnedFd file(fd);
  try {
    write_all(file, bytes, name);
    if (::renameat(directory.get(), aside.c_str(), directory.get(), name.c_str()) < 0)
      throw_errno("renaming to {}", in_quotes(name));
  } catch (...) {
    ::unlinkat(directory.get(), aside.c_str(), 0);
    throw;
  }
}

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw_errno("making a pipe");
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) throw_errno("setting O_NONBLOCK");
}

void change_pipe_owner(int fd, uid_t uid, gid_t gid) {
  struct statfs status {};
  if (::fstatfs(fd, &status) < 0) throw_errno("fstatfs");
  if (status.f_type == PIPEFS_MAGIC && ::fchown(fd, uid, gid) < 0) throw_errno("giving a pipe to uid {}", uid);
}

void lock(const OwnedFd& fd) {
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw_errno("locking");
}

namespace {

bool try_lock(const OwnedFd& fd, int kind) {
  if (::flock(fd.get(), kind | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw_errno("locking");
}

}  // namespace

bool try_lock(const OwnedFd& fd) { return try_lock(fd, LOCK_EX); }

bool is_locked(const OwnedFd& fd) {
  if (!try_lock(fd, LOCK_SH)) return true;
  ::flock(fd.get(), LOCK_UN);
  return false;
}

}  // namespace clawbox::sys
