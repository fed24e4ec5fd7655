#include "audit/index.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "audit/record.h"
#include "audit/segment_names.h"
#include "audit/sha256.h"
#include "audit/trail_file.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

/// Ten times the longest line of the index.
constexpr uint64_t kLongestTail = 4096;

struct Tail {
  uint64_t whole = 0;  // bytes of whole lines in the file
  uint64_t torn = 0;   // bytes after them
  uint64_t seq = 0;
  std::string head;
};

OwnedFd open_locked(const OwnedFd& directory) {
  OwnedFd file = sys::open_at(directory, kIndexName, O_CREAT | O_APPEND | O_RDWR | O_NONBLOCK,
                              sys::Resolve::kBeneathNoSymlinks, 0600);
  while (::flock(file.get(), LOCK_EX) < 0)
    if (errno != EINTR) throw_errno("locking the index of audit trails");
  return file;
}

std::string read_from(const OwnedFd& file, uint64_t offset, uint64_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (got < 0) throw_errno("reading the index of audit trails");
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

/// An empty index begins a chain. A last line that is no record has been tampered with: the chain goes on from its
/// bytes, and `verify` names it.
Tail tail_of(const OwnedFd& file) {
  const auto size = static_cast<uint64_t>(sys::status_of(file).st_size);
  const uint64_t from = size - std::min(size, kLongestTail);
  const std::string bytes = read_from(file, from, size - from);
  const std::size_t newline = bytes.rfind('\n');
  if (newline == std::string::npos && from > 0) throw_sys_error(EBADMSG, "reading the index of audit trails");
  if (newline == std::string::npos) return {.torn = size, .head = random_prev()};
  const std::size_t before = newline == 0 ? std::string::npos : bytes.rfind('\n', newline - 1);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  const std::string_view line = std::string_view(bytes).substr(start, newline - start);
  const auto place = place_of(line);
  const uint64_t whole = from + newline + 1;
  return {.whole = whole, .torn = size - whole, .seq = place ? place->seq : 0, .head = hex_of(sha256(line))};
}

void append(const OwnedFd& directory, const std::string& session, std::string_view event, Json details, Sync sync) {
  OwnedFd file = open_locked(directory);
  const Tail tail = tail_of(file);
  if (tail.torn > 0) {
    if (::ftruncate(file.get(), static_cast<off_t>(tail.whole)) < 0) throw_errno("repairing the index of audit trails");
    details["torn"] = tail.torn;
  }
  std::string line;
  compose_record(line, {tail.seq + 1, tail.head}, session, event, details);
  TrailFile index(std::move(file), tail.whole);
  index.append(line);
  if (sync != Sync::kNone) index.sync();
}

}  // namespace

void record_head(const OwnedFd& directory, const Trail& trail, Sync sync) {
  const Json details = {{"head", trail.head()}, {"records", trail.records()}, {"segments", trail.segments()}};
  append(directory, trail.session(), "session.head", details, sync);
}

void record_removal(const OwnedFd& directory, const std::string& session, std::string_view why) {
  append(directory, session, "trail.removed", {{"why", why}}, Sync::kEnd);
}

}  // namespace clawbox::audit
