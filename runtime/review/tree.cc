#include "review/tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <climits>

#include "sys/openat2.h"

namespace clawbox::review {
namespace {

constexpr uint64_t kInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return Kind::kFile;
  if (S_ISDIR(mode)) return Kind::kDirectory;
  return S_ISLNK(mode) ? Kind::kSymlink : Kind::kSpecial;
}

}  // namespace

OwnedFd Tree::try_open(const std::string& path, int flags) const {
  return sys::try_openat2(root_.get(), path.empty() ? "." : path, static_cast<uint64_t>(flags), kInside);
}

OwnedFd Tree::try_parent(const std::string& path) const { return try_open(parent_of(path), O_PATH | O_DIRECTORY); }

std::optional<Entry> Tree::try_entry(const std::string& path) const {
  const OwnedFd file = try_open(path, O_PATH | O_NOFOLLOW);
  Entry entry;
  if (!file || ::fstat(file.get(), &entry.status) != 0) return std::nullopt;
  entry.kind = kind_of(entry.status.st_mode);
  return entry;
}

OwnedFd Tree::try_file(const std::string& path) const {
  // Asked before it is opened: opening a device may have effects. And after: it may have been replaced meanwhile.
  const std::optional<Entry> before = try_entry(path);
  if (!before || before->kind != Kind::kFile) return {};
  OwnedFd file = try_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return file;
}

std::optional<std::string> Tree::try_link(const std::string& path) const {
  const OwnedFd link = try_open(path, O_PATH | O_NOFOLLOW);
  std::string text(PATH_MAX, '\0');
  const ssize_t length = link ? ::readlinkat(link.get(), "", text.data(), text.size()) : -1;
  if (length < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<Entry> entry_in(const OwnedFd& directory, const std::string& name) {
  Entry entry;
  if (::fstatat(directory.get(), name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  entry.kind = kind_of(entry.status.st_mode);
  return entry;
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string path_in(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + '/' + name;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory.empty() || path == directory) return true;
  return path.starts_with(directory) && path[directory.size()] == '/';
}

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace clawbox::review
