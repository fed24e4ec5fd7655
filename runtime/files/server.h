// The process that does a file operation: a copy of pid 1, which executes nothing, with the user, the view and the
// filters of every command of the session. So what is hidden, read-only or protected is that for it as well.
#pragma once

#include "base/owned_fd.h"
#include "files/request.h"

namespace clawbox::files {

/// Answers over `stream` (files/stream.h). Returns the errno of the failure, which becomes the process's exit status,
/// or 0.
int serve(const Request& request, const OwnedFd& stream) noexcept;

}  // namespace clawbox::files
