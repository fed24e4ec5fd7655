#include "sys/directories.h"

#include <fcntl.h>

#include <cstring>

namespace clawbox::sys {

Listing::Listing(const std::string& path) : stream_(::opendir(path.c_str())) {}

Listing::Listing(const OwnedFd& directory) {
  OwnedFd copy(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  stream_.reset(::fdopendir(copy.get()));
  if (stream_) copy.release();  // closedir(3) closes it
}

const dirent* Listing::next() {
  if (!stream_) return nullptr;
  const dirent* entry = ::readdir(stream_.get());
  while (entry != nullptr && (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0))
    entry = ::readdir(stream_.get());
  return entry;
}

}  // namespace clawbox::sys
