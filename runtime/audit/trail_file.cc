#include "audit/trail_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {

TrailFile::TrailFile(const OwnedFd& directory, const std::string& name)
    : file_(sys::open_at(directory, name, O_CREAT | O_EXCL | O_APPEND | O_WRONLY, sys::Resolve::kBeneathNoSymlinks,
                         0600)) {
  // Housekeeping leaves empty files alone, so that it cannot take one between these two calls for a dead session's.
  while (::flock(file_.get(), LOCK_EX) < 0)
    if (errno != EINTR) throw_errno("locking the audit trail");
}

void TrailFile::append(std::string_view line) {
  if (tail_ == Tail::kTorn) cut_torn_line();
  std::size_t done = 0;
  while (done < line.size()) {
    // O_APPEND, and in all but a failing case one write: a reader never sees half a line of ours.
    const ssize_t put = ::write(file_.get(), line.data() + done, line.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int code = put < 0 ? errno : ENOSPC;
      tail_ = done > 0 ? Tail::kTorn : Tail::kWhole;
      if (tail_ == Tail::kTorn && ::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0) tail_ = Tail::kWhole;
      throw_sys_error(code, "writing the audit trail");
    }
    done += static_cast<std::size_t>(put);
  }
  size_ += line.size();
}

void TrailFile::cut_torn_line() {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) < 0) throw_errno("repairing the audit trail");
  tail_ = Tail::kWhole;
}

void TrailFile::sync() const {
  if (::fdatasync(file_.get()) < 0) throw_errno("syncing the audit trail");
}

void TrailFile::close() {
  ::flock(file_.get(), LOCK_UN);
  file_.reset();
}

void sync_directory(const OwnedFd& directory) {
  const OwnedFd readable = sys::open_at(directory, ".", O_RDONLY | O_DIRECTORY,
                                        sys::Resolve::kBeneathNoSymlinks);  // O_PATH cannot be synced
  if (::fsync(readable.get()) < 0) throw_errno("syncing the audit directory");
}

}  // namespace clawbox::audit
