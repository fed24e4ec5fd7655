#include "audit/reader_trail.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::audit {

TrailReader::TrailReader(const OwnedFd& directory, SessionFiles session, Until until)
    : directory_(directory), session_(std::move(session)), until_(until) {}

std::optional<Line> TrailReader::next() {
  while (true) {
    if (!reader_ && !open_next()) return std::nullopt;
    if (!reader_) continue;
    if (auto line = reader_->next()) return line;
    if (!move_on()) return std::nullopt;
  }
}

/// False when there is no further segment. One that cannot be opened is told, and passed over.
bool TrailReader::open_next() {
  if (next_ < session_.segments.size()) {
    open(session_.segments[next_++]);
    return true;
  }
  if (until_ == Until::kEnd) return false;
  const auto fresh = segment_after(directory_, session_.id, current_.number);
  if (fresh) open(*fresh);
  return fresh.has_value();
}

void TrailReader::open(const Segment& segment) {
  rotated_ = false;
  current_ = segment;
  try {
    reader_.emplace(open_segment(directory_, segment.name));
  } catch (const SysError& error) {
    // It may have been rotated or compressed since the directory was read.
    const auto fresh = segment_after(directory_, session_.id, segment.number - 1);
    if (error.code() == ENOENT && fresh && fresh->number == segment.number && fresh->name != segment.name)
      return open(*fresh);
    troubles_.push_back(fmt::format("{}: {}", escaped(segment.name), error.what()));
  }
}

/// At the end of a file: whether there is, or may be, another one to read.
bool TrailReader::move_on() {
  const bool last = next_ == session_.segments.size();
  if (last && until_ == Until::kForever && !rotated_) {
    const uint64_t newest = newest_inode(directory_, session_.id);
    rotated_ = newest != 0 && newest != reader_->inode();
    return rotated_;  // once more: its writer may have added lines before it was renamed
  }
  leave_segment();
  return true;
}

void TrailReader::leave_segment() {
  const std::string& damage = reader_->damage();
  if (!damage.empty())
    troubles_.push_back(fmt::format("{}: {} (after line {})", escaped(current_.name), damage, reader_->lines()));
  if (damage.empty() && reader_->unfinished_bytes() > 0)
    troubles_.push_back(fmt::format("{}: the last line is not whole: it is being written, or a crash cut it off",
                                    escaped(current_.name)));
  reader_.reset();
}

void TrailReader::skip_what_is_there() {
  while (next()) {
  }
}

std::string TrailReader::position(const Line& line) const {
  return fmt::format("{}, line {}", escaped(current_.name), line.number);
}

std::vector<std::string> TrailReader::take_troubles() { return std::exchange(troubles_, {}); }

DirectoryWatch::DirectoryWatch(const OwnedFd& directory) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  const std::string path = fmt::format("/proc/self/fd/{}", directory.get());
  if (inotify_ && ::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
    inotify_.reset();
}

void DirectoryWatch::wait(std::chrono::milliseconds at_most) const {
  pollfd one{inotify_ ? inotify_.get() : -1, POLLIN, 0};
  if (::poll(&one, 1, static_cast<int>(at_most.count())) <= 0) return;
  std::array<char, 16384> dropped;  // all that matters is that something happened
  while (::read(inotify_.get(), dropped.data(), dropped.size()) > 0) {
  }
}

}  // namespace clawbox::audit
