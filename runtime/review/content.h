// What two files hold, compared; and one read into memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/owned_fd.h"

namespace clawbox::review {

/// The first `size` bytes of both. False too where one ends before, or cannot be read.
bool same_content(const OwnedFd& left, const OwnedFd& right, uint64_t size);

/// Of the first 64 KiB: equal for equal files.
std::optional<uint64_t> beginning_of(const OwnedFd& file);

/// The whole file; nothing where it is longer than `limit` or cannot be read.
std::optional<std::string> whole(const OwnedFd& file, std::size_t limit);

}  // namespace clawbox::review
