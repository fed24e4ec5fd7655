#include "review/commit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"

namespace clawbox::review {
namespace {

using Act = Operation::Act;

[[noreturn]] void throw_changed(const std::string& path) {
  throw Error(ExitStatus::kProblemsFound, fmt::format("{} changed while it was about to be replaced", in_quotes(path)),
              "nothing was applied; look at it, and apply again");
}

/// Not the time of change: it moves when another name of the same file goes.
bool is_as_planned(const Operation& operation, const Entry& now) {
  if (now.status.st_ino != operation.inode) return false;
  return now.kind == Kind::kDirectory ||
         (nanoseconds(now.status.st_mtim) == operation.modified && now.size() == operation.size);
}

bool is_empty(const Tree& tree, const std::string& path) {
  sys::Listing listing(tree.try_open(path, O_RDONLY | O_DIRECTORY));
  return listing.next() == nullptr;
}

void rename_at(const OwnedFd& from, const std::string& name, const OwnedFd& to, const std::string& new_name,
               unsigned flags) {
  if (::renameat2(from.get(), name.c_str(), to.get(), new_name.c_str(), flags) != 0)
    throw_errno("moving {} into place", in_quotes(new_name));
}

}  // namespace

void Commit::run() {
  for (const Operation& operation : operations_) carry_out(operation);
}

void Commit::carry_out(const Operation& operation) {
  if (operation.act == Act::kMode) return set_mode(operation, operation.mode);
  if (operation.act == Act::kPlace) place(operation, directory_of(operation.path));
  if (operation.act == Act::kTake) take(operation);
}

OwnedFd Commit::directory_of(const std::string& path) const {
  OwnedFd directory = lower_.try_parent(path);
  if (!directory) throw_errno("opening the directory of {}", in_quotes(path));
  return directory;
}

void Commit::place(const Operation& operation, const OwnedFd& directory) {
  const std::string staged = std::to_string(operation.number), name = name_of(operation.path);
  const std::optional<Entry> now = entry_in(directory, name);
  if (!now || now->status.st_ino != operation.staged_inode) {
    const bool expected = now ? operation.inode != 0 && is_as_planned(operation, *now) : operation.inode == 0;
    if (!expected) throw_changed(operation.path);
    rename_at(staging_, staged, directory, name, now ? RENAME_EXCHANGE : RENAME_NOREPLACE);
  }
  if (operation.inode != 0) require_as_planned(operation);
}

/// Asked in the staging directory first: what it was in may have gone after it.
void Commit::take(const Operation& operation) {
  const std::string staged = std::to_string(operation.number), name = name_of(operation.path);
  if (!entry_in(staging_, staged)) {
    const OwnedFd directory = directory_of(operation.path);
    const std::optional<Entry> now = entry_in(directory, name);
    if (!now) return;  // somebody else's doing
    if (!is_as_planned(operation, *now)) throw_changed(operation.path);
    // What came into a directory since it was looked at is not ours to take.
    if (now->kind == Kind::kDirectory && !is_empty(lower_, operation.path)) return;
    rename_at(directory, name, staging_, staged, RENAME_NOREPLACE);
  }
  require_as_planned(operation);
}

/// Nothing that somebody writes between the look and the rename is lost: it was renamed too, and comes back.
void Commit::require_as_planned(const Operation& operation) const {
  const std::optional<Entry> old = entry_in(staging_, std::to_string(operation.number));
  if (!old || !is_as_planned(operation, *old)) throw_changed(operation.path);
}

/// chmod(2) follows symlinks and fchmod(2) needs a file that can be read: so by a descriptor that is neither.
void Commit::set_mode(const Operation& operation, mode_t mode) {
  const OwnedFd file = lower_.try_open(operation.path, O_PATH | O_NOFOLLOW);
  struct stat status {};
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return;
  if (!file || ::fstat(file.get(), &status) != 0) throw_errno("opening {}", in_quotes(operation.path));
  if (operation.on_directory() && !S_ISDIR(status.st_mode)) return;  // it has made way already
  if (!operation.on_directory() && status.st_ino != operation.inode) throw_changed(operation.path);
  const mode_t kept = status.st_mode & static_cast<mode_t>(~0777) & 07777;
  if (::chmod(fmt::format("/proc/self/fd/{}", file.get()).c_str(), mode | kept) != 0)
    throw_errno("setting permissions of {}", in_quotes(operation.path));
}

std::vector<std::string> Commit::undo() {
  std::vector<std::string> lost;
  for (auto operation = operations_.rbegin(); operation != operations_.rend(); ++operation) {
    try {
      if (operation->act == Act::kMode)
        set_mode(*operation, operation->old_mode);
      else
        take_back(*operation);
    } catch (const Error&) {
      lost.push_back(operation->path);
    }
  }
  return lost;
}

void Commit::take_back(const Operation& operation) {
  const std::string staged = std::to_string(operation.number), name = name_of(operation.path);
  if (operation.act == Act::kTake && !entry_in(staging_, staged)) return;  // it was not taken
  const OwnedFd directory = lower_.try_parent(operation.path);
  if (!directory && operation.act == Act::kPlace && (errno == ENOENT || errno == ENOTDIR)) return;  // nor it placed
  if (!directory) throw_errno("opening the directory of {}", in_quotes(operation.path));
  if (operation.act == Act::kTake) return rename_at(staging_, staged, directory, name, RENAME_NOREPLACE);
  const std::optional<Entry> now = entry_in(directory, name);
  if (!now || now->status.st_ino != operation.staged_inode) return;  // it was not placed
  if (operation.inode != 0) return rename_at(staging_, staged, directory, name, RENAME_EXCHANGE);
  rename_at(directory, name, staging_, staged, RENAME_NOREPLACE);
}

}  // namespace clawbox::review
