// One directory of cgroup v2: its files, its children, its end. Kernel, Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/owned_fd.h"

namespace clawbox::cgroup {

/// Refers to a group; who made it says when it goes. Paths are told in messages only: everything is opened below the
/// descriptor.
class Group {
 public:
  Group() = default;
  /// Throws SysError where there is no such directory.
  explicit Group(std::string path);

  const OwnedFd& directory() const { return directory_; }  // for CLONE_INTO_CGROUP
  const std::string& path() const { return path_; }
  explicit operator bool() const { return static_cast<bool>(directory_); }

  /// Another descriptor of the same group.
  Group again() const;
  Group make_child(const std::string& name) const;
  std::optional<Group> child_if_there(const std::string& name) const;
  /// Ends every process of the child and of what is below it, and removes it all. False: at `deadline` something was
  /// still there.
  bool remove_child(const std::string& name, std::chrono::steady_clock::time_point deadline) const noexcept;

  void write(const std::string& file, std::string_view value) const;
  bool try_write(const std::string& file, std::string_view value) const noexcept;
  /// Nothing where the file cannot be read: its controller is off, the kernel older, or the group was taken away.
  std::optional<std::string> read_if_there(const std::string& file) const noexcept;
  /// The number that follows `key` in a file of "KEY NUMBER" lines.
  std::optional<uint64_t> number(const std::string& file, std::string_view key) const;
  /// The only number of a file; nothing for "max".
  std::optional<uint64_t> number(const std::string& file) const;
  OwnedFd open(const std::string& file, int flags) const;

 private:
  Group(OwnedFd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}
  bool empty_within(std::chrono::steady_clock::time_point deadline) const;

  OwnedFd directory_;
  std::string path_;
};

/// The number after `key` in text of "KEY NUMBER" lines.
std::optional<uint64_t> number_after(std::string_view text, std::string_view key);

}  // namespace clawbox::cgroup
