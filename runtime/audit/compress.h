// A closed file of a trail becomes its .zst: at any moment, also after a crash, one of the two is there and whole.
#pragma once

#include <cstdint>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::audit {

/// Writes NAME.zst aside (".NAME.zst.tmp"), with the age of the original; syncs, renames, and only then removes the
/// original. `source` is open on it, and locked by the caller. Throws SysError; the original is then still there.
void compress_file(const OwnedFd& directory, const std::string& name, const OwnedFd& source);

}  // namespace clawbox::audit
