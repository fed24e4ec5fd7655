// From a path to a directory that is held open and a name in it. Every step is one openat(2) of one name without
// following it; links are read and walked like that themselves. So whatever is renamed or relinked meanwhile, no step
// leaves the directory that the path must stay beneath: "..", too, goes back only to what was walked through.
//
// Not openat2(2), though it says the same in one call: the filters of our sessions do not let it through.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::files {

struct Place {
  OwnedFd directory;  // O_PATH
  std::string name;   // "." for the directory that everything must stay beneath
};

enum class LastLink { kFollowed, kKept };
enum class Missing { kRefused, kMade };  // directories on the way

/// Where `path`, absolute, is or would be. Throws SysError: EXDEV for what leads out of `beneath`, ELOOP for more than
/// 40 links and for a link on the way to `beneath` itself that the session may have made, ENOENT, ENOTDIR, EACCES.
Place place_of(const std::string& beneath, const std::string& path, LastLink last, Missing missing);

/// The directory `path` itself, with all that lack on the way to it made. `mode`: of the last one, where that is made
/// anew, whatever the umask.
void make_directories(const std::string& beneath, const std::string& path, std::optional<mode_t> mode);
/// Throws EEXIST. `mode` as above; without it as the umask says.
void make_directory(const Place& place, std::optional<mode_t> mode);

}  // namespace clawbox::files
