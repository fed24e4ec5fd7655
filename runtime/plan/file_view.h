// What plan/ may ask of the host's files: kind, owner, links, names. A test answers from a table of its own.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "plan/disks.h"
#include "plan/protect.h"

namespace clawbox::plan {

enum class FileKind { kAbsent, kUnreachable, kFile, kDirectory, kSymlink, kOther };

struct FileFacts {
  FileKind kind = FileKind::kAbsent;  // of the last component itself, never of what a link leads to
  uid_t owner = 0;
  gid_t group = 0;
  enum class Way { kPlain, kThroughLinks } way = Way::kPlain;  // is a component above the last one a symbolic link?
};

class FileView {
 public:
  virtual ~FileView() = default;

  virtual FileFacts look(const std::string& path) const = 0;
  /// What a symbolic link says; empty where it cannot be read.
  virtual std::string link_text(const std::string& path) const = 0;
  /// realpath(3); nothing where the path leads nowhere.
  virtual std::optional<std::string> real_path(const std::string& path) const = 0;
  /// glob(7) in the order of the names.
  virtual std::vector<std::string> matches(const std::string& pattern) const = 0;
  /// A regular file of at most 1 MiB, whole; nothing where there is none or it is not for the caller.
  virtual std::optional<std::string> text_of(const std::string& path) const = 0;
  /// Names in a directory, sorted, without "." and "..".
  virtual std::vector<std::string> names_in(const std::string& directory) const = 0;
  /// May the caller list and enter this directory?
  virtual bool can_enter(const std::string& directory) const = 0;
  virtual std::optional<std::string> user_name(uid_t uid) const = 0;
  virtual Disk disk_behind(const std::string& path) const = 0;
  virtual ProtectedState protected_state(const std::string& workspace,
                                         const std::vector<std::string>& patterns) const = 0;
};

/// The host itself: openat2(2) (Linux 5.6), statx, glob(3).
class HostFiles : public FileView {
 public:
  FileFacts look(const std::string& path) const override;
  std::string link_text(const std::string& path) const override;
  std::optional<std::string> real_path(const std::string& path) const override;
  std::vector<std::string> matches(const std::string& pattern) const override;
  std::optional<std::string> text_of(const std::string& path) const override;
  std::vector<std::string> names_in(const std::string& directory) const override;
  bool can_enter(const std::string& directory) const override;
  std::optional<std::string> user_name(uid_t uid) const override;
  Disk disk_behind(const std::string& path) const override { return plan::disk_behind(path); }
  ProtectedState protected_state(const std::string& workspace, const std::vector<std::string>& patterns) const override;
};

}  // namespace clawbox::plan
