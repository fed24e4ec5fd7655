#include "audit/housekeeping.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "audit/compress.h"
#include "audit/index.h"
#include "audit/life.h"
#include "audit/segment_names.h"
#include "base/error.h"
#include "sys/directories.h"
#include "sys/files.h"
#include "sys/openat2.h"

namespace clawbox::audit {
namespace {

using std::chrono::system_clock;

constexpr const char* kLockName = ".housekeeping";
/// A smaller file takes as many blocks compressed as it takes plain.
constexpr uint64_t kWorthCompressing = 16 << 10;
/// A writer's file is empty and not yet locked for a moment.
constexpr std::chrono::hours kNewborn{1};

struct FileFacts {
  uint64_t bytes = 0;
  system_clock::time_point changed;
};

std::optional<FileFacts> facts_of(const OwnedFd& directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return std::nullopt;
  return FileFacts{static_cast<uint64_t>(status.st_size), system_clock::from_time_t(status.st_mtim.tv_sec)};
}

class Housekeeper {
 public:
  Housekeeper(const OwnedFd& directory, system_clock::time_point now, const Keep& keep, const Effort& effort)
      : directory_(directory), now_(now), keep_(keep), effort_(effort) {}

  Tidied work() {
    remove_leftovers();
    if (keep_.age) remove_old();
    for (const SessionFiles& session : sessions_in(directory_)) compress(session);
    if (keep_.bytes) remove_beyond_size();
    return tidied_;
  }

 private:
  /// What crashes left: compressed halves, of which none is in the making while we hold the lock, and segments that
  /// never took their place.
  void remove_leftovers() {
    sys::Listing listing(sys::try_openat2(directory_.get(), ".", O_RDONLY | O_DIRECTORY, 0));
    while (const dirent* entry = listing.next()) {
      const std::string name = entry->d_name;
      if (name.starts_with('.') && name.ends_with(".zst.tmp")) ::unlinkat(directory_.get(), name.c_str(), 0);
      if (name.starts_with('.') && name.ends_with(".next") && !is_newborn(name) && lock_if_dead(directory_, name))
        ::unlinkat(directory_.get(), name.c_str(), 0);
    }
    if (listing.error() != 0) throw_sys_error(listing.error(), "reading the audit directory");
  }

  bool is_newborn(const std::string& name) const {
    const auto facts = facts_of(directory_, name);
    return !facts || (facts->bytes == 0 && facts->changed > now_ - kNewborn);
  }

  void remove_old() {
    for (const SessionFiles& session : sessions_in(directory_))
      if (session.changed < now_ - *keep_.age) remove(session, "age");
  }

  void remove_beyond_size() {
    std::vector<SessionFiles> sessions = sessions_in(directory_);
    uint64_t total = 0;
    for (const SessionFiles& session : sessions) total += bytes_of(session);
    for (const SessionFiles& session : sessions) {
      if (total <= *keep_.bytes) return;
      const uint64_t bytes = bytes_of(session);
      if (remove(session, "size")) total -= bytes;
    }
  }

  uint64_t bytes_of(const SessionFiles& session) const {
    uint64_t bytes = 0;
    for (const Segment& segment : session.segments)
      if (const auto facts = facts_of(directory_, segment.name)) bytes += facts->bytes;
    return bytes;
  }

  bool remove(const SessionFiles& session, std::string_view why) {
    if (tidied_.removed >= effort_.trails_to_remove) return false;
    if (is_newborn(session.segments.back().name) || lives(directory_, session)) return false;
    record_removal(directory_, session.id, why);
    for (const Segment& segment : session.segments) ::unlinkat(directory_.get(), segment.name.c_str(), 0);
    ++tidied_.removed;
    return true;
  }

  void compress(const SessionFiles& session) {
    const bool dead = !lives(directory_, session);
    for (const Segment& segment : session.segments) {
      const auto facts = facts_of(directory_, segment.name);
      if (!facts || facts->bytes < kWorthCompressing || segment.name.ends_with(".zst")) continue;
      if (effort_.bytes_to_compress == 0) return;
      if (segment.name != newest_name(session.id) || dead) compress(session, segment);
    }
  }

  void compress(const SessionFiles& session, const Segment& segment) try {
    const auto source = lock_if_dead(directory_, segment.name);
    if (!source) return;
    const uint64_t bytes = static_cast<uint64_t>(sys::status_of(*source).st_size);
    // The newest gets its number first: a crash between two names must not leave the same records under both.
    const std::string closed = segment_name(session.id, segment.number);
    if (segment.name != closed &&
        ::renameat2(directory_.get(), segment.name.c_str(), directory_.get(), closed.c_str(), RENAME_NOREPLACE) < 0)
      return;
    compress_file(directory_, closed, *source);
    effort_.bytes_to_compress -= std::min(bytes, effort_.bytes_to_compress);
    ++tidied_.compressed;
  } catch (const SysError&) {  // the plain file is still there, and is tried again by the next call
  }

  const OwnedFd& directory_;
  system_clock::time_point now_;
  Keep keep_;
  Effort effort_;
  Tidied tidied_;
};

}  // namespace

Tidied tidy_up(const OwnedFd& directory, system_clock::time_point now, const Keep& keep, const Effort& effort) {
  const OwnedFd lock = sys::open_at(directory, kLockName, O_CREAT | O_RDWR, sys::Resolve::kBeneathNoSymlinks, 0600);
  if (!sys::try_lock(lock)) return {};
  return Housekeeper(directory, now, keep, effort).work();
}

}  // namespace clawbox::audit
