#include "audit/life.h"

#include <fcntl.h>

#include <algorithm>

#include "audit/segment_names.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

bool is_locked(const OwnedFd& directory, const std::string& name) try {
  const auto file = sys::open_if_there(directory, name, O_RDONLY | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
  return file && !sys::try_lock(*file);
} catch (const SysError&) {
  return true;
}

}  // namespace

bool lives(const OwnedFd& directory, const SessionFiles& session) {
  // Names change while a trail rotates. The newest is looked at again after the one aside: at one of these moments the
  // file that is being written has the name that we look at.
  const std::string newest = newest_name(session.id);
  if (is_locked(directory, newest) || is_locked(directory, aside_name(session.id)) || is_locked(directory, newest))
    return true;
  return std::any_of(session.segments.begin(), session.segments.end(),
                     [&](const Segment& segment) { return is_locked(directory, segment.name); });
}

std::optional<OwnedFd> lock_if_dead(const OwnedFd& directory, const std::string& name) {
  auto file = sys::open_if_there(directory, name, O_RDONLY | O_NONBLOCK, sys::Resolve::kBeneathNoSymlinks);
  if (!file || !S_ISREG(sys::status_of(*file).st_mode) || !sys::try_lock(*file)) return std::nullopt;
  return file;
}

}  // namespace clawbox::audit
