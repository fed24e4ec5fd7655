// The walk of protect.h. Breadth first, so that the budget is spent near the top, where programs look for settings.
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "base/error.h"
#include "plan/paths.h"
#include "plan/protect.h"
#include "sys/directories.h"
#include "sys/openat2.h"

namespace clawbox::plan {
namespace {

using Kind = ProtectedPath::Kind;
using Role = ProtectedPath::Role;

struct Entry {
  std::string name;
  std::string folded;
  unsigned char type = DT_UNKNOWN;
};

struct Pattern {
  std::string text;                // as given
  std::vector<std::string> parts;  // folded
};

/// The part of a pattern that the entries of a directory are compared with.
struct Awaited {
  const Pattern* pattern = nullptr;
  std::size_t part = 0;
};

struct Directory {
  std::string path;  // "" is the workspace
  unsigned depth = 0;
  std::vector<Awaited> awaited;
  enum class Reason { kSearch, kWatch, kPattern } reason = Reason::kSearch;
};

bool part_matches(const std::string& part, const std::string& folded) {
  return part == folded || (is_pattern(part) && ::fnmatch(part.c_str(), folded.c_str(), 0) == 0);
}

/// "" is the workspace.
std::string parent_of_entry(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool has(const std::vector<Entry>& entries, std::string_view name) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.folded == name; });
}

// Also bare repositories and those in .git/modules and .git/worktrees: git obeys the hooks of whatever looks like one.
bool is_git_directory(const Directory& directory, const std::vector<Entry>& entries) {
  if (folded_name(name_of(directory.path)) == ".git") return true;
  return has(entries, "head") && (has(entries, "objects") || has(entries, "commondir"));
}

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return Kind::kFile;
  if (S_ISDIR(mode)) return Kind::kDirectory;
  return S_ISLNK(mode) ? Kind::kSymlink : Kind::kOther;
}

class Walk {
 public:
  Walk(const std::string& workspace, const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) {
      patterns_.push_back({pattern, parts_of(pattern)});
      for (std::string& part : patterns_.back().parts) part = folded_name(part);
    }
    std::erase_if(patterns_, [](const Pattern& pattern) { return pattern.parts.empty(); });
    root_ = sys::try_openat2(AT_FDCWD, workspace, O_DIRECTORY | O_RDONLY, 0);
    if (!root_) throw_errno("opening the workspace '{}'", workspace);
  }

  ProtectedState run() {
    waiting_.push_back({});
    while (!waiting_.empty()) {
      const Directory directory = std::move(waiting_.front());
      waiting_.pop_front();
      visit(directory);
    }
    auto& paths = state_.paths;
    std::sort(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
      return a.path != b.path ? parent_first(a.path, b.path) : a.role < b.role;
    });
    const auto repeated = [](const auto& a, const auto& b) { return a.path == b.path; };
    paths.erase(std::unique(paths.begin(), paths.end(), repeated), paths.end());
    return std::move(state_);
  }

 private:
  OwnedFd opened(const std::string& path) const {
    return sys::try_openat2(root_.get(), path.empty() ? "." : path, O_DIRECTORY | O_RDONLY | O_NOFOLLOW,
                            RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  }

  /// Nothing: it cannot be listed.
  std::optional<std::vector<Entry>> entries_of(const OwnedFd& fd) {
    std::vector<Entry> entries;
    sys::Listing listing(fd);
    while (const dirent* found = listing.next()) {
      const std::string name = found->d_name;
      if (++seen_ > kWalkEntries) {
        state_.walk = ProtectedState::Walk::kCutShort;
        break;
      }
      entries.push_back({name, folded_name(name), found->d_type});
    }
    if (listing.error() != 0) return std::nullopt;
    return entries;
  }

  void visit(const Directory& directory) {
    if (seen_ >= kWalkEntries) {
      state_.walk = ProtectedState::Walk::kCutShort;
      return;
    }
    const OwnedFd fd = opened(directory.path);
    if (!fd && is_gone(errno)) return;
    const std::optional<std::vector<Entry>> entries = fd ? entries_of(fd) : std::nullopt;
    if (!entries) return hold_whole(directory.path);
    const bool inside_git = is_git_directory(directory, *entries);
    const std::vector<Awaited> awaited = awaited_in(directory, *entries);
    for (const Entry& entry : *entries) examine(directory, fd, entry, awaited, inside_git ? Place::kGit : Place::kTree);
  }

  /// Also: replaced by a link.
  static bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV; }

  /// What is in it cannot be seen, and its mode is the program's to change: one run makes `.git` unreadable, the next
  /// one writes its hooks. So nothing in it changes, nor its mode.
  void hold_whole(const std::string& path) {
    if (path.empty()) throw_errno("listing the workspace");
    const OwnedFd fd = sys::try_openat2(root_.get(), path, O_PATH | O_NOFOLLOW,
                                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    struct stat found {};
    if (!fd || ::fstat(fd.get(), &found) != 0) {
      if (is_gone(errno)) return;
      throw_errno("looking for protected files at '{}'", path);
    }
    add(found, path, kind_of(found.st_mode), {Role::kNamed, ""});
  }

  /// Why a path is in the snapshot.
  struct Part {
    Role role;
    std::string pattern;  // as ProtectedPath::pattern
  };

  void add(const struct stat& found, const std::string& path, Kind kind, const Part& part) {
    state_.paths.push_back({kind, part.role, path, found.st_dev, found.st_ino, found.st_size,
                            nanoseconds(found.st_mtim), nanoseconds(found.st_ctim), part.pattern});
  }

  enum class Place { kTree, kGit };

  std::vector<Awaited> awaited_in(const Directory& directory, const std::vector<Entry>& entries) const {
    std::vector<Awaited> awaited = directory.awaited;
    const bool repository = directory.path.empty() || has(entries, ".git");
    const bool git = is_git_directory(directory, entries);
    for (const Pattern& pattern : patterns_) {
      if (repository) awaited.push_back({&pattern, 0});
      if (git && pattern.parts.size() > 1 && pattern.parts[0] == ".git") awaited.push_back({&pattern, 1});
    }
    return awaited;
  }

  void examine(const Directory& directory, const OwnedFd& fd, const Entry& entry, const std::vector<Awaited>& awaited,
               Place place) {
    Directory child{directory.path.empty() ? entry.name : directory.path + '/' + entry.name, directory.depth + 1, {}};
    std::optional<Part> part;
    if (directory.reason == Directory::Reason::kWatch) part = {Role::kInside, ""};
    if (entry.folded == ".git" && !part) part = {Role::kWay, ""};
    for (const Awaited& wanted : awaited) {
      if (!part_matches(wanted.pattern->parts[wanted.part], entry.folded)) continue;
      const bool last = wanted.part + 1 == wanted.pattern->parts.size();
      if (!last) child.awaited.push_back({wanted.pattern, wanted.part + 1});
      const Role role = last ? Role::kNamed : Role::kWay;
      if (!part || role < part->role || part->pattern.empty())
        part = {std::min(role, part ? part->role : role), wanted.pattern->text};
    }
    std::optional<Kind> kind;
    if (part) kind = record(fd, entry, child.path, *part);
    descend(std::move(child), entry, part ? std::optional(part->role) : std::nullopt, kind, place, fd);
  }

  std::optional<Kind> record(const OwnedFd& directory, const Entry& entry, const std::string& path, Part part) {
    struct stat found {};
    if (::fstatat(directory.get(), entry.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
      if (!is_gone(errno)) hold_whole(parent_of_entry(path));  // it may be listed and not be searched
      return std::nullopt;
    }
    const Kind kind = kind_of(found.st_mode);
    // `.git` as a file names another directory (worktrees, submodules): who writes it chooses the hooks.
    if (part.role == Role::kWay && kind != Kind::kDirectory) {
      if (entry.folded != ".git") return kind;
      part.role = Role::kNamed;
    }
    add(found, path, kind, part);
    return kind;
  }

  void descend(Directory child, const Entry& entry, std::optional<Role> role, std::optional<Kind> kind, Place place,
               const OwnedFd& fd) {
    if (!is_directory(fd, entry, kind)) return;
    const bool watched = role && *role != Role::kWay;
    const bool expected = watched || !child.awaited.empty() || entry.folded == ".git";
    if (watched) child.reason = Directory::Reason::kWatch;
    // Of a git directory only what holds further ones: objects and refs are many and cannot run anything.
    if (place == Place::kGit && !expected && entry.folded != "modules" && entry.folded != "worktrees") return;
    if (child.depth > kWalkDepth && !expected) {
      state_.walk = ProtectedState::Walk::kCutShort;
      return;
    }
    if (child.depth <= 2 * kWalkDepth) waiting_.push_back(std::move(child));
  }

  static bool is_directory(const OwnedFd& fd, const Entry& entry, std::optional<Kind> kind) {
    if (kind) return *kind == Kind::kDirectory;
    if (entry.type != DT_UNKNOWN) return entry.type == DT_DIR;
    struct stat found {};
    return ::fstatat(fd.get(), entry.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode);
  }

  std::vector<Pattern> patterns_;
  OwnedFd root_;
  std::deque<Directory> waiting_;
  unsigned seen_ = 0;
  ProtectedState state_;
};

// Code points that HFS+ leaves out of comparisons (CVE-2014-9390), as UTF-8.
bool ignorable(std::string_view three) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(three[at]); };
  if (three == "\xEF\xBB\xBF") return true;
  if (byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) return (byte(2) >= 0x8B && byte(2) <= 0x8F) || (byte(2) >= 0xAA && byte(2) <= 0xAE);
  return byte(1) == 0x81 && byte(2) >= 0xAA && byte(2) <= 0xAF;
}

}  // namespace

std::string folded_name(const std::string& name) {
  std::string folded;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name.size() - at >= 3 && ignorable(std::string_view(name).substr(at, 3))) {
      at += 2;
      continue;
    }
    const char c = name[at];
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  // NTFS: an alternate stream, trailing dots and spaces, the short name.
  if (const std::size_t colon = folded.find(':'); colon != std::string::npos && colon > 0) folded.resize(colon);
  const std::size_t end = folded.find_last_not_of(". ");
  if (end != std::string::npos) folded.resize(end + 1);
  return folded == "git~1" ? ".git" : folded;
}

ProtectedState snapshot(const std::string& workspace, const std::vector<std::string>& patterns) {
  return Walk(workspace, patterns).run();
}

}  // namespace clawbox::plan
