#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "files/operations.h"
#include "files/place.h"
#include "sys/entries.h"
#include "sys/files.h"

namespace clawbox::files {
namespace {

constexpr mode_t kKeptBits = 01777;  // the filters of a session refuse to set the others
constexpr int kTries = 16;

std::string random_name() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) throw_errno("getrandom");
  return fmt::format(".clawbox-{:016x}", number);
}

/// A new file beside the place, gone again unless it was put there.
class Aside {
 public:
  Aside(const Place& place, mode_t mode) : place_(place) {
    for (int tries = 0;; ++tries) try {
        name_ = random_name();
        file_ = sys::open_entry(place.directory, name_, O_RDWR | O_CREAT | O_EXCL, mode);
        return;
      } catch (const SysError& error) {
        if (error.code() != EEXIST || tries == kTries) throw;
      }
  }
  ~Aside() {
    if (!name_.empty()) ::unlinkat(place_.directory.get(), name_.c_str(), 0);
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  const OwnedFd& file() const { return file_; }
  void put(sys::Existing existing) {
    sys::rename_entry(place_.directory, name_, place_.directory, place_.name, existing);
    name_.clear();
  }

 private:
  const Place& place_;
  std::string name_;
  OwnedFd file_;
};

void take_pieces(const OwnedFd& stream, const OwnedFd& file, const std::string& name) {
  while (true) {
    const Frame frame = receive_frame(stream);
    if (frame.kind == FrameKind::kEnd) return;
    if (frame.kind != FrameKind::kPiece) throw_sys_error(EPROTO, "writing " + name);
    sys::write_all(file, frame.bytes, name);
  }
}

void keep_looks(const OwnedFd& file, const struct stat& before) {
  // The group first, since changing it may take bits of the mode away; it stays another one where it is not ours.
  const struct stat now = sys::status_of(file);
  if (now.st_gid != before.st_gid && ::fchown(file.get(), static_cast<uid_t>(-1), before.st_gid) < 0) errno = 0;
  sys::set_mode(file, before.st_mode & kKeptBits);
}

OwnedFd opened_in_place(const Request& request, const Place& place) {
  OwnedFd file = sys::open_entry(place.directory, place.name, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  require_plain_file(request, sys::status_of(file));
  sys::make_empty(file);
  return file;
}

/// The file is mounted there, or otherwise not to be replaced.
Answer copy_in_place(const Request& request, const Place& place, const OwnedFd& content) {
  const OwnedFd file = opened_in_place(request, place);
  if (::lseek(content.get(), 0, SEEK_SET) < 0) throw_errno("lseek");
  std::string piece(kMostPiece, '\0');
  for (ssize_t got = 0; (got = ::read(content.get(), piece.data(), piece.size())) != 0;) {
    if (got < 0) throw_errno("reading what was written aside");
    sys::write_all(file, std::string_view(piece.data(), static_cast<std::size_t>(got)), in_quotes(request.path));
  }
  return answer_of(sys::status_of(file));
}

bool is_refusal(int code) { return code == EACCES || code == EPERM || code == EROFS; }

std::optional<Aside> aside_of(const Place& place, const std::optional<struct stat>& before, mode_t mode) {
  try {
    return std::optional<Aside>(std::in_place, place, mode);
  } catch (const SysError& error) {
    if (!before || !is_refusal(error.code())) throw;
    return std::nullopt;
  }
}

}  // namespace

Answer write(const Request& request, const OwnedFd& stream) {
  const Missing missing = request.parents ? Missing::kMade : Missing::kRefused;
  const LastLink last = request.exclusive ? LastLink::kKept : LastLink::kFollowed;
  const Place place = place_of(request.beneath, request.path, last, missing);
  const auto before = sys::status_of_entry(place.directory, place.name);
  if (before && request.exclusive) throw_sys_error(EEXIST, in_quotes(request.path));
  if (before) require_plain_file(request, *before);
  const std::string name = in_quotes(request.path);
  std::optional<Aside> aside = aside_of(place, before, before ? 0600 : request.mode.value_or(0666));
  if (!aside) {
    const OwnedFd file = opened_in_place(request, place);
    take_pieces(stream, file, name);
    return answer_of(sys::status_of(file));
  }
  take_pieces(stream, aside->file(), name);
  if (before) keep_looks(aside->file(), *before);
  if (!before && request.mode) sys::set_mode(aside->file(), *request.mode & kKeptBits);
  try {
    aside->put(request.exclusive ? sys::Existing::kKept : sys::Existing::kReplaced);
  } catch (const SysError& error) {
    if (!before || (error.code() != EBUSY && !is_refusal(error.code()))) throw;
    return copy_in_place(request, place, aside->file());
  }
  return answer_of(sys::status_of(aside->file()));
}

}  // namespace clawbox::files
