// One function for each operation; each throws SysError for what the system refuses.
#pragma once

#include "base/owned_fd.h"
#include "files/request.h"
#include "files/stream.h"

namespace clawbox::files {

/// The content as pieces. Throws EISDIR, EINVAL (neither file nor directory), EFBIG, EMLINK.
Answer read(const Request& request, const OwnedFd& stream);
/// The pieces of `stream` become the content, all at once: they are written beside it and renamed. Mode and, where that
/// is allowed, group stay. What cannot be replaced, since it is mounted there or its directory cannot be written to, is
/// written in place. Nothing is flushed to the disk. Throws ECONNRESET where the client goes before the end.
Answer write(const Request& request, const OwnedFd& stream);
Answer stat(const Request& request);
/// Pieces of entries, each "TYPE NAME NUL": f, d, l (link) or o.
Answer list(const Request& request, const OwnedFd& stream);
Answer make_directory(const Request& request);
Answer remove(const Request& request);
Answer rename(const Request& request);

Answer answer_of(const struct stat& status);
/// Throws EISDIR, EINVAL, EMLINK for what a request to read or write does not mean.
void require_plain_file(const Request& request, const struct stat& status);

}  // namespace clawbox::files
