#include "session/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

constexpr int kFlags = O_CREAT | O_WRONLY | O_TRUNC | O_APPEND | O_NOFOLLOW;

OwnedFd opened(const OwnedFd& directory, const std::string& name) {
  return sys::open_at(directory, name, kFlags, sys::Resolve::kBeneathNoSymlinks, 0600);
}

}  // namespace

LogFile::LogFile(const OwnedFd& directory, std::string name, uint64_t cap)
    : directory_(sys::duplicate(directory.get())),
      name_(std::move(name)),
      half_(cap / 2),
      file_(opened(directory_, name_)) {}

void LogFile::append(std::string_view bytes) noexcept try {
  if (size_ + bytes.size() > half_) turn();
  size_ += bytes.size();  // also of what a full disk takes in part
  sys::write_all(file_, bytes, name_);
} catch (const std::exception&) {
  // The disk is full: the next bytes may find room again.
}

void LogFile::turn() {
  // Not there: it was turned already, and a full disk had no room for the next.
  if (::renameat(directory_.get(), name_.c_str(), directory_.get(), (name_ + ".old").c_str()) < 0 && errno != ENOENT)
    throw_errno("turning {}", name_);
  file_ = opened(directory_, name_);
  size_ = 0;
}

}  // namespace clawbox::session
