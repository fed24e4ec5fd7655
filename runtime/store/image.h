// An ext4 image as a store: a sparse file of the size of the cap, so that the session with ext4's own tables, a
// sixteenth of it, never takes more of the host. Root only.
#pragma once

#include <optional>
#include <string>

#include "base/owned_fd.h"
#include "store/store.h"

namespace clawbox::store {

/// Empty where one can be made and a loop device be had. Mounting is not tried, which would cost each session as much
/// again as its own.
std::string why_no_image();

/// Makes it in `directory`, where it is not there yet, and mounts it, detached. Its root belongs to `owner`, or to us.
/// What a killed clawbox leaves before it is whole has kUnfinished behind its name. It is there where a session's
/// sandbox is built anew: then it is waited for until the last one has let go of it.
inline constexpr const char* kUnfinished = ".new";
OwnedFd image_in(const OwnedFd& directory, const std::string& name, Caps caps, const std::optional<Owner>& owner);

}  // namespace clawbox::store
