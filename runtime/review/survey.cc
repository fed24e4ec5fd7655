#include "review/survey.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "review/content.h"
#include "review/links.h"
#include "review/renames.h"
#include "sys/directories.h"

namespace clawbox::review {
namespace {

using What = Change::What;

struct Named {
  std::string name;
  std::optional<Entry> upper, lower;
};

const char* special_name(mode_t mode) {
  if (S_ISFIFO(mode)) return "a fifo";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

bool is_opaque(const OwnedFd& directory) {
  std::array<char, 8> value{};
  const ssize_t length = ::fgetxattr(directory.get(), kOpaque, value.data(), value.size());
  return length == 1 && value[0] == 'y';
}

/// Its permissions are the session's to choose. Root may read it all the same.
bool cannot_be_read(const Entry& entry) {
  return entry.kind == Kind::kFile && (entry.mode() & 0400) == 0 && ::geteuid() != 0;
}

class Walk {
 public:
  Walk(const Layers& layers, const Risk& risk) : layers_(layers), risk_(risk) {}

  Changes run() {
    visit({"", "", Below::kMerged});
    pair_renames(found_.all, layers_);
    return std::move(found_);
  }

 private:
  /// What the directory of the host shows through it.
  enum class Below { kMerged, kHidden };
  struct Directory {
    std::string path;
    std::string known_as;  // with ".git" for the name of whatever git takes for a repository's directory
    Below below;
  };

  /// The names of a directory of the upper layer, each with what both layers have there. No descriptor stays open: the
  /// tree may be as deep as the sandbox likes.
  std::vector<Named> names_in(Directory& directory) {
    const OwnedFd upper = layers_.upper().try_open(directory.path, O_RDONLY | O_DIRECTORY);
    if (!upper) {
      cannot_look_into(directory.path, errno);
      return {};
    }
    if (is_opaque(upper)) directory.below = Below::kHidden;
    const OwnedFd lower = layers_.lower().try_open(directory.path, O_RDONLY | O_DIRECTORY);
    std::vector<Named> names = listed(upper);
    for (Named& one : names) {
      one.upper = entry_in(upper, one.name);
      if (lower) one.lower = entry_in(lower, one.name);
    }
    if (lower && directory.below == Below::kHidden) add_hidden(names, lower);
    if (looks_like_git(directory, names, lower)) directory.known_as = path_in(parent_of(directory.known_as), ".git");
    return names;
  }

  std::vector<Named> listed(const OwnedFd& directory) {
    std::vector<Named> names;
    sys::Listing listing(directory);
    while (const dirent* entry = listing.next()) {
      if (++seen_ > kMostNames) {
        found_.walk = Changes::Walk::kCutShort;
        break;
      }
      names.push_back({entry->d_name, std::nullopt, std::nullopt});
    }
    std::sort(names.begin(), names.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
    return names;
  }

  void add_hidden(std::vector<Named>& names, const OwnedFd& lower) {
    const std::size_t known = names.size();
    for (Named& one : listed(lower)) {
      const auto end = names.begin() + static_cast<std::ptrdiff_t>(known);
      const auto same = std::lower_bound(names.begin(), end, one.name,
                                         [](const Named& named, const std::string& name) { return named.name < name; });
      if (same != end && same->name == one.name) continue;
      one.lower = entry_in(lower, one.name);
      names.push_back(std::move(one));
    }
    std::sort(names.begin(), names.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
  }

  /// git obeys the hooks and the configuration of bare repositories too, and of those in .git/modules.
  static bool looks_like_git(const Directory& directory, const std::vector<Named>& names, const OwnedFd& lower) {
    if (directory.path.empty()) return false;  // the workspace itself: its own patterns hold
    const auto has = [&](const char* name) {
      if (lower && ::faccessat(lower.get(), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return true;
      return std::any_of(names.begin(), names.end(),
                         [&](const Named& one) { return one.upper && ::strcasecmp(one.name.c_str(), name) == 0; });
    };
    return has("HEAD") && (has("objects") || has("commondir"));
  }

  void visit(Directory directory) {
    for (Named& one : names_in(directory)) {
      const Directory child{path_in(directory.path, one.name), path_in(directory.known_as, one.name), directory.below};
      if (!one.upper || one.upper->is_whiteout()) {
        if (one.lower) add_deleted(child, *one.lower);
        continue;
      }
      compare(child, *one.upper, one.lower);
    }
  }

  void compare(const Directory& at, const Entry& upper, const std::optional<Entry>& lower) {
    if (!lower) {
      add(What::kAdded, at, std::nullopt, upper);
    } else if (lower->kind != upper.kind) {
      add(What::kType, at, lower, upper);
      if (lower->kind == Kind::kDirectory) add_deleted_in(at);
    } else if (const std::optional<What> what = difference(at.path, upper, *lower)) {
      add(*what, at, lower, upper);
    }
    if (upper.kind == Kind::kDirectory) visit(at);
  }

  std::optional<What> difference(const std::string& path, const Entry& upper, const Entry& lower) const {
    const Tree &above = layers_.upper(), &below = layers_.lower();
    if (upper.kind == Kind::kSymlink)
      return above.try_link(path) == below.try_link(path) ? std::nullopt : std::optional(What::kLink);
    if (upper.kind == Kind::kSpecial && upper.status.st_rdev != lower.status.st_rdev) return What::kType;
    if (upper.kind == Kind::kFile &&
        (upper.size() != lower.size() || !same_content(above.try_file(path), below.try_file(path), upper.size())))
      return What::kContent;
    return upper.mode() == lower.mode() ? std::nullopt : std::optional(What::kMode);
  }

  void add(What what, const Directory& at, const std::optional<Entry>& before, const std::optional<Entry>& after) {
    Change change{.what = what, .path = at.path, .before = before, .after = after};
    const Entry& shown = change.after ? *change.after : *change.before;
    change.risky = risk_(at.known_as, shown.kind) || (change.before && risk_(at.known_as, change.before->kind));
    if (change.after && shown.kind == Kind::kSpecial) change.problem = special_name(shown.status.st_mode);
    if (change.after && what != What::kMode && cannot_be_read(*change.after)) change.problem = "nobody may read it";
    if (is_clawbox_own(at.path)) change.problem = "the name is clawbox's own";
    if (change.after && shown.kind == Kind::kSymlink) look_at_link(change);
    found_.all.push_back(std::move(change));
  }

  void look_at_link(Change& change) {
    change.points_to = layers_.upper().try_link(change.path).value_or("");
    change.risky |= leads_outside(change.path, change.points_to, layers_.workspace());
  }

  void add_deleted(const Directory& at, const Entry& lower) {
    add(What::kDeleted, at, lower, std::nullopt);
    if (lower.kind == Kind::kDirectory) add_deleted_in(at);
  }

  void add_deleted_in(const Directory& at) {
    const OwnedFd directory = layers_.lower().try_open(at.path, O_RDONLY | O_DIRECTORY);
    if (!directory) return cannot_look_into(at.path, errno);
    std::vector<Named> names = listed(directory);
    for (Named& one : names) one.lower = entry_in(directory, one.name);
    Directory here = at;
    if (looks_like_git(here, names, directory)) here.known_as = path_in(parent_of(at.known_as), ".git");
    for (Named& one : names) {
      const Directory child{path_in(at.path, one.name), path_in(here.known_as, one.name), Below::kHidden};
      if (one.lower) add_deleted(child, *one.lower);
    }
  }

  /// It is told in the change of the directory itself; where that has none, it gets one.
  void cannot_look_into(const std::string& path, int error) {
    if (path.empty()) throw_sys_error(error, "listing what the session wrote");
    if (error == ENOENT || error == ENOTDIR) return;  // gone since: the session lives
    if (found_.all.empty() || found_.all.back().path != path)
      found_.all.push_back({.what = What::kMode,
                            .path = path,
                            .before = layers_.lower().try_entry(path),
                            .after = layers_.upper().try_entry(path)});
    found_.all.back().problem = fmt::format("cannot be looked into: {}", std::strerror(error));
  }

  const Layers& layers_;
  const Risk& risk_;
  std::size_t seen_ = 0;
  Changes found_;
};

}  // namespace

Changes survey(const Layers& layers, const Risk& risk) { return Walk(layers, risk).run(); }

}  // namespace clawbox::review
