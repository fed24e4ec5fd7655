#include "sys/directories.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "sys/openat2.h"

namespace clawbox::sys {

Listing::Listing(const std::string& path) : stream_(::opendir(path.c_str())) {
  if (!stream_) error_ = errno;
}

Listing::Listing(const OwnedFd& directory) {
  OwnedFd copy(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  stream_.reset(::fdopendir(copy.get()));
  if (!stream_) error_ = errno;
  if (stream_) copy.release();  // closedir(3) closes it
}

const dirent* Listing::next() {
  if (!stream_) return nullptr;
  const dirent* entry = nullptr;
  do {
    errno = 0;  // the only way to tell the end from a failure (readdir(3))
    entry = ::readdir(stream_.get());
  } while (entry != nullptr && (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0));
  if (entry == nullptr) error_ = errno;
  return entry;
}

std::vector<std::string> names_in(const OwnedFd& directory) {
  std::vector<std::string> names;
  Listing listing(try_openat2(directory.get(), ".", O_RDONLY | O_DIRECTORY, 0));
  while (const dirent* entry = listing.next()) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace clawbox::sys
