#include "plan/file_view.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "plan/host.h"
#include "plan/paths.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::plan {
namespace {

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  if (S_ISDIR(mode)) return FileKind::kDirectory;
  if (S_ISLNK(mode)) return FileKind::kSymlink;
  return FileKind::kOther;
}

/// What is neither absent nor closed to the caller, and so to the session, is not known: a plan that took it for absent
/// could leave a file uncovered.
FileFacts failed_look(const std::string& path, int error) {
  FileFacts facts;
  const bool absent = error == ENOENT || error == ENOTDIR;
  if (!absent && error != EACCES && error != ELOOP && error != ENAMETOOLONG)
    throw_sys_error(error, "looking at " + in_quotes(path));
  facts.kind = absent ? FileKind::kAbsent : FileKind::kUnreachable;
  return facts;
}

}  // namespace

FileFacts HostFiles::look(const std::string& path) const {
  // One lookup answers both questions: it fails with ELOOP only for a link above the last component.
  FileFacts facts;
  OwnedFd fd = sys::try_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
  if (!fd && errno == ELOOP) {
    facts.way = FileFacts::Way::kThroughLinks;
    fd = sys::try_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
  }
  if (!fd) return failed_look(path, errno);
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return failed_look(path, errno);
  facts.kind = kind_of(found.st_mode);
  facts.owner = found.st_uid;
  facts.group = found.st_gid;
  return facts;
}

std::string HostFiles::link_text(const std::string& path) const {
  char text[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::optional<std::string> HostFiles::real_path(const std::string& path) const {
  // Mostly there is no link on the way, and the kernel says so in one call.
  const OwnedFd plain = sys::try_openat2(AT_FDCWD, path, O_PATH, RESOLVE_NO_SYMLINKS);
  if (plain && path.starts_with('/')) return normal_path(path);
  if (!plain && errno == ENOENT) return std::nullopt;
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

std::vector<std::string> HostFiles::matches(const std::string& pattern) const {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

std::optional<std::string> HostFiles::text_of(const std::string& path) const {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  const OwnedFd fd = sys::try_openat2(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);  // a FIFO must not hold us
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  return sys::read_all(fd, kMostBytes, path);
}

std::vector<std::string> HostFiles::names_in(const std::string& directory) const {
  std::vector<std::string> names;
  sys::Listing listing(directory);
  while (const dirent* entry = listing.next()) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

bool HostFiles::can_enter(const std::string& directory) const {
  return ::faccessat(AT_FDCWD, directory.c_str(), R_OK | X_OK, AT_EACCESS) == 0;
}

std::optional<std::string> HostFiles::user_name(uid_t uid) const {
  const std::optional<Account> account = account_of(uid);
  if (!account) return std::nullopt;
  return account->name;
}

ProtectedState HostFiles::protected_state(const std::string& workspace,
                                          const std::vector<std::string>& patterns) const {
  return snapshot(workspace, patterns);
}

}  // namespace clawbox::plan
