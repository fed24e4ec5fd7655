// ext4 in a file: by a loop device that goes with the last use of its mount (LO_FLAGS_AUTOCLEAR). loop(4).
// For CAP_SYS_ADMIN in the initial user namespace.
//
// An image that is mounted twice is destroyed. So it is locked (flock(2)) by the very description that the loop device
// holds: the lock goes when the kernel has written everything and let go of the image, whoever had it mounted.
#pragma once

#include <chrono>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::sys {

/// A loop device could be had.
void require_loop_devices();
/// Waits for the lock; throws SysError(EBUSY) where it does not come in time.
OwnedFd locked_image(const OwnedFd& directory, const std::string& name, std::chrono::milliseconds time);
/// The ext4 of a locked image, detached; nothing in it is a device or raises privileges, and what is removed in it goes
/// back to the host (discard).
OwnedFd mount_image(const OwnedFd& image);

}  // namespace clawbox::sys
