// Where a profile of some name is found, and its bytes.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "profile/file.h"
#include "profile/profile.h"

namespace clawbox::profile {

/// Nearest first. kPath: the caller named the file itself.
enum class Shelf { kPath, kUser, kAdministrator, kPackage, kBuiltIn };

/// A file, or a built-in profile, that was opened and may be read.
struct Source {
  std::string name;
  Shelf shelf;
  std::string file;  // a path, or "built in:NAME"
  std::string text;
};
struct Absent {};
struct Unreadable {  // a nearer file that cannot be read never lets a farther one through
  std::string file;
  FileProblem problem;
};
using Found = std::variant<Absent, Source, Unreadable>;

/// The file of the administrator that locks keys for every profile, and therefore no profile's name.
inline constexpr const char* kLockName = "lock";

bool is_path(const std::string& name);

/// The file `path` itself. A file of the administrator's directory counts as the administrator's.
Found open_path(const std::string& path, const SearchPath& where);
/// The nearest profile called `name` on `from` or farther.
Found find(const std::string& name, Shelf from, const SearchPath& where);
/// The same on one shelf only.
Found find_on(Shelf shelf, const std::string& name, const SearchPath& where);
/// The next farther shelf; nothing after kBuiltIn.
std::optional<Shelf> after(Shelf shelf);

std::vector<std::string> known_names(const SearchPath& where);

}  // namespace clawbox::profile
