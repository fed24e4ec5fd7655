#include "profile/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/owned_fd.h"

namespace clawbox::profile {
namespace {

using Nature = FileProblem::Nature;

FileReading problem(Nature nature, std::string what) { return {{}, FileProblem{nature, std::move(what)}}; }

FileReading open_problem(int code) {
  if (code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG) return {};
  if (code == ELOOP)
    return problem(Nature::kPermission,
                   "is a symbolic link, and profiles are read only from the file itself: "
                   "name the file it points to, or copy it here");
  // A socket cannot be opened at all; nor can a device without a driver.
  if (code == ENXIO || code == ENODEV) return problem(Nature::kContent, "is not a regular file");
  return problem(code == EACCES ? Nature::kPermission : Nature::kContent,
                 fmt::format("cannot be opened: {}", std::strerror(code)));
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  return "a device";
}

// Many systems give each user a group of their own and make files group-writable: that group is not "others".
bool writable_by_others(const struct stat& file) {
  if ((file.st_mode & S_IWOTH) != 0) return true;
  return (file.st_mode & S_IWGRP) != 0 && file.st_gid != ::getegid() && file.st_gid != 0;
}

std::optional<FileProblem> objection_to(const struct stat& file) {
  if (!S_ISREG(file.st_mode))
    return FileProblem{Nature::kContent, fmt::format("is {}, not a regular file", kind_of(file.st_mode))};
  if (file.st_uid != 0 && file.st_uid != ::geteuid())
    return FileProblem{Nature::kPermission, fmt::format("belongs to user {}: a profile must belong to root or to you "
                                                        "(user {})",
                                                        file.st_uid, ::geteuid())};
  if (writable_by_others(file))
    return FileProblem{
        Nature::kPermission,
        fmt::format("can be written by others (mode {:04o}): `chmod go-w` it after reading it", file.st_mode & 07777)};
  return {};
}

}  // namespace

FileReading read_file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever. O_NOCTTY: a terminal must not become ours.
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return open_problem(errno);

  struct stat file {};
  if (::fstat(fd.get(), &file) != 0) return problem(Nature::kContent, "cannot be looked at");
  if (auto objection = objection_to(file)) return {{}, std::move(objection)};

  // The size is what can be read, not what fstat says: files of /proc say 0.
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t count = ::read(fd.get(), text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return problem(Nature::kContent, fmt::format("cannot be read: {}", std::strerror(errno)));
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  if (length > kMaxFileBytes) return problem(Nature::kContent, "is larger than 64 KiB");
  text.resize(length);
  return {std::move(text), {}};
}

}  // namespace clawbox::profile
