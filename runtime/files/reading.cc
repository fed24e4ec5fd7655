#include <fcntl.h>
#include <unistd.h>

#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "files/operations.h"
#include "files/place.h"
#include "sys/directories.h"
#include "sys/entries.h"
#include "sys/files.h"

namespace clawbox::files {
namespace {

char letter_of(const OwnedFd& directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return 'f';
    case DT_DIR:
      return 'd';
    case DT_LNK:
      return 'l';
    case DT_UNKNOWN:
      break;
    default:
      return 'o';
  }
  const auto status = sys::status_of_entry(directory, entry.d_name);
  if (!status) return 'o';
  return S_ISREG(status->st_mode) ? 'f' : S_ISDIR(status->st_mode) ? 'd' : S_ISLNK(status->st_mode) ? 'l' : 'o';
}

/// As far as 64 bits reach, which is the year 2262: whoever is inside says when a file was changed.
int64_t nanoseconds(const timespec& time) {
  int64_t all = 0;
  const bool too_far = __builtin_mul_overflow(int64_t{time.tv_sec}, int64_t{1'000'000'000}, &all) ||
                       __builtin_add_overflow(all, int64_t{time.tv_nsec}, &all);
  if (!too_far) return all;
  return time.tv_sec < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

struct stat status_there(const Place& place) {
  const auto status = sys::status_of_entry(place.directory, place.name);
  if (!status) throw_sys_error(ENOENT, "looking at " + in_quotes(place.name));
  return *status;
}

[[noreturn]] void throw_too_big(const Request& request) {
  throw_sys_error(EFBIG,
                  fmt::format("reading {}, which has more than {}", in_quotes(request.path), size_text(request.limit)));
}

}  // namespace

Answer answer_of(const struct stat& status) {
  Answer answer;
  answer.mode = status.st_mode;
  answer.size = static_cast<uint64_t>(status.st_size);
  answer.modified_ns = nanoseconds(status.st_mtim);
  answer.links = status.st_nlink;
  return answer;
}

void require_plain_file(const Request& request, const struct stat& status) {
  const std::string name = in_quotes(request.path);
  if (S_ISDIR(status.st_mode)) throw_sys_error(EISDIR, name);
  if (!S_ISREG(status.st_mode)) throw_sys_error(EINVAL, name + " is no file");
  if (request.one_name && status.st_nlink > 1) throw_sys_error(EMLINK, name + " has more than one name (hard links)");
}

Answer read(const Request& request, const OwnedFd& stream) {
  const Place place = place_of(request.beneath, request.path, LastLink::kFollowed, Missing::kRefused);
  // A fifo or a device is never opened: that alone may wait, or do something.
  require_plain_file(request, status_there(place));
  const OwnedFd file = sys::open_entry(place.directory, place.name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const struct stat status = sys::status_of(file);
  require_plain_file(request, status);
  if (static_cast<uint64_t>(status.st_size) > request.limit) throw_too_big(request);
  std::string piece(kMostPiece, '\0');
  for (uint64_t total = 0;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading {}", in_quotes(request.path));
    if (got == 0) return answer_of(status);
    total += static_cast<uint64_t>(got);
    if (total > request.limit) throw_too_big(request);  // it grew meanwhile
    send_frame(stream, FrameKind::kPiece, std::string_view(piece.data(), static_cast<std::size_t>(got)));
  }
}

Answer stat(const Request& request) {
  const LastLink last = request.follow ? LastLink::kFollowed : LastLink::kKept;
  return answer_of(status_there(place_of(request.beneath, request.path, last, Missing::kRefused)));
}

Answer list(const Request& request, const OwnedFd& stream) {
  const Place place = place_of(request.beneath, request.path, LastLink::kFollowed, Missing::kRefused);
  const OwnedFd directory = sys::open_entry(place.directory, place.name, O_RDONLY | O_DIRECTORY);
  sys::Listing listing(directory);
  std::string piece;
  uint64_t total = 0;
  while (const dirent* entry = listing.next()) {
    const std::string_view name = entry->d_name;
    if ((total += name.size()) > request.limit)
      throw_sys_error(EFBIG, fmt::format("listing {}, whose names have more than {}", in_quotes(request.path),
                                         size_text(request.limit)));
    piece += letter_of(directory, *entry);
    piece.append(name).push_back('\0');
    if (piece.size() < kMostPiece / 2) continue;
    send_frame(stream, FrameKind::kPiece, piece);
    piece.clear();
  }
  if (listing.error() != 0) throw_sys_error(listing.error(), "listing " + in_quotes(request.path));
  if (!piece.empty()) send_frame(stream, FrameKind::kPiece, piece);
  return answer_of(sys::status_of(directory));
}

}  // namespace clawbox::files
