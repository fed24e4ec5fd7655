// One layer of an overlay, or the workspace on the host: files below a directory, none of which is trusted.
//
// Every path is opened from the root with openat2(2), beneath it, through no symlink, no magic link and no mount: what
// a name leads to is what the tree itself holds. Names are bytes; a path as long as PATH_MAX cannot be opened.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_fd.h"

namespace clawbox::review {

enum class Kind { kFile, kDirectory, kSymlink, kSpecial };  // kSpecial: a device, fifo or socket

struct Entry {
  Kind kind = Kind::kFile;
  struct stat status {};

  /// Permissions without the setuid, setgid and sticky bits, which never leave an overlay.
  mode_t mode() const { return status.st_mode & 0777; }
  uint64_t size() const { return kind == Kind::kFile ? static_cast<uint64_t>(status.st_size) : 0; }
  /// overlayfs: "there is nothing here any more". Kernel, Documentation/filesystems/overlayfs.rst.
  bool is_whiteout() const { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }
};

class Tree {
 public:
  explicit Tree(OwnedFd root) : root_(std::move(root)) {}

  const OwnedFd& root() const { return root_; }
  /// Empty where the kernel refuses, with errno. "" is the root.
  OwnedFd try_open(const std::string& path, int flags) const;
  /// The directory that holds `path`.
  OwnedFd try_parent(const std::string& path) const;
  std::optional<Entry> try_entry(const std::string& path) const;
  /// A regular file to read. Empty for anything else, which is not opened in a way that waits or has effects.
  OwnedFd try_file(const std::string& path) const;
  /// The text of a symlink; nothing where there is none.
  std::optional<std::string> try_link(const std::string& path) const;

 private:
  OwnedFd root_;
};

/// Of `name` in an open directory; a symlink is not followed. Nothing: errno.
std::optional<Entry> entry_in(const OwnedFd& directory, const std::string& name);

std::string parent_of(std::string_view path);  // "" for a name alone
std::string name_of(std::string_view path);
std::string path_in(const std::string& directory, const std::string& name);
/// At `directory` or below it; everything is below "".
bool is_at_or_below(std::string_view path, std::string_view directory);

int64_t nanoseconds(const timespec& time);

}  // namespace clawbox::review
