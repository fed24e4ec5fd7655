#include "sys/entries.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "base/text.h"
#include "sys/files.h"

namespace clawbox::sys {

OwnedFd open_entry(const OwnedFd& directory, const std::string& name, int flags, mode_t mode) {
  if (name.empty() || name == ".." || name.find('/') != std::string::npos)
    throw_sys_error(EINVAL, "opening " + in_quotes(name));
  const int fd = ::openat(directory.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) throw_errno("opening {}", in_quotes(name));
  return OwnedFd(fd);
}

OwnedFd open_parent(const OwnedFd& directory) {
  const int fd = ::openat(directory.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_errno("opening '..'");
  return OwnedFd(fd);
}

std::optional<struct stat> status_of_entry(const OwnedFd& directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  throw_errno("looking at {}", in_quotes(name));
}

void rename_entry(const OwnedFd& from, const std::string& old_name, const OwnedFd& to, const std::string& new_name,
                  Existing existing) {
  const unsigned flags = existing == Existing::kKept ? RENAME_NOREPLACE : 0;
  if (::renameat2(from.get(), old_name.c_str(), to.get(), new_name.c_str(), flags) == 0) return;
  const bool unknown = flags != 0 && (errno == EINVAL || errno == ENOSYS);
  if (unknown && ::linkat(from.get(), old_name.c_str(), to.get(), new_name.c_str(), 0) == 0)
    return remove_file(from, old_name);
  throw_errno("renaming {} to {}", in_quotes(old_name), in_quotes(new_name));
}

void set_mode(const OwnedFd& file, mode_t mode) {
  if (::fchmod(file.get(), mode) < 0) throw_errno("setting the mode of a file");
}

void make_empty(const OwnedFd& file) {
  if (::ftruncate(file.get(), 0) < 0) throw_errno("emptying a file");
}

}  // namespace clawbox::sys
