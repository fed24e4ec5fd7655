// What the command sees, in the terms that all sandboxes share: the same list becomes bwrap's options and a bundle for
// an OCI runtime. Steps that only clawbox has are translated to the nearest one, so that the number of mounts is the
// same.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace clawbox::bench {

struct Mount {
  enum class Kind { kReadOnly, kReadWrite, kTmpfs, kProc, kDevices, kSymlink } kind = Kind::kReadOnly;
  std::string target;
  std::string source;  // of a bind; where a symlink points
};
using View = std::vector<Mount>;

/// The system read-only, private /tmp, /run and home directories, the workspace writable.
View usual_view(const std::string& workspace);
/// The mounts of `clawbox explain --json`. Files that clawbox makes are written into the directory `made`. A cover of a
/// thing that is not there, and a pin, have no counterpart and are left out.
View view_of(const Json& explained, const std::string& made);

/// bwrap(1) 0.5 or newer.
std::vector<std::string> bwrap_words(const View& view);
/// An OCI bundle: config.json and rootfs/ in `directory`, for one id of the caller and without a cgroup.
void write_bundle(const View& view, const std::vector<std::string>& argv, const std::string& directory);

}  // namespace clawbox::bench
