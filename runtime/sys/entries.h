// Entries of one directory, by a descriptor of it and a single name: nothing here follows a link or leaves the
// directory, and none of it needs openat2(2), which the filters of our sessions do not let through.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// openat(2) with O_NOFOLLOW: ELOOP for a link, unless with O_PATH, which opens the link itself. A name with a slash,
/// and "..", is EINVAL.
OwnedFd open_entry(const OwnedFd& directory, const std::string& name, int flags, mode_t mode = 0);
/// "..", O_PATH: wherever that is by now.
OwnedFd open_parent(const OwnedFd& directory);
/// Of a link: its own. Nothing: there is no such entry.
std::optional<struct stat> status_of_entry(const OwnedFd& directory, const std::string& name);

enum class Existing { kReplaced, kKept };  // kKept: EEXIST
/// renameat2(2). Where the file system knows no RENAME_NOREPLACE, a file is linked and then removed instead.
void rename_entry(const OwnedFd& from, const std::string& old_name, const OwnedFd& to, const std::string& new_name,
                  Existing existing);
void set_mode(const OwnedFd& file, mode_t mode);  // fchmod(2)
void make_empty(const OwnedFd& file);             // ftruncate(2)

}  // namespace clawbox::sys
