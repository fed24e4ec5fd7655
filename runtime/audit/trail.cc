#include "audit/trail.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/record.h"
#include "audit/segment_names.h"
#include "audit/sha256.h"
#include "base/error.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

/// Of a wish below this every record would be a segment of its own.
constexpr uint64_t kSmallestSegment = 4096;

std::string checked_name(std::string session) {
  if (!is_session_name(session)) throw_sys_error(EINVAL, fmt::format("naming the audit trail '{}'", session));
  return session;
}

void rename_new(const OwnedFd& directory, const std::string& from, const std::string& to) {
  if (::renameat2(directory.get(), from.c_str(), directory.get(), to.c_str(), RENAME_NOREPLACE) < 0)
    throw_errno("renaming '{}' to '{}' in the audit directory", from, to);
}

}  // namespace

Trail::Trail(const OwnedFd& directory, std::string session, TrailOptions options)
    : directory_(sys::duplicate(directory.get())),
      session_(checked_name(std::move(session))),
      options_(std::move(options)),
      file_(directory, newest_name(session_)),
      prev_(random_prev()) {
  if (options_.rotate > 0) options_.rotate = std::max(options_.rotate, kSmallestSegment);
  if (options_.sync == Sync::kEach) sync_directory(directory_);
}

void Trail::append(std::string_view event, const Json& details) try {
  tell_losses();
  append_or_throw(event, details);
} catch (const SysError& error) {
  count_loss(error);
}

void Trail::tell_losses() {
  if (lost_ == 0) return;
  append_or_throw("audit.gap", {{"lost", lost_}, {"why", why_lost_}});
  lost_ = 0;
}

void Trail::count_loss(const SysError& error) {
  if (options_.loss == Loss::kThrown) throw SysError(error);
  if (lost_++ == 0) why_lost_ = error.what();
}

void Trail::append_or_throw(std::string_view event, const Json& details) {
  if (is_full()) rotate();
  compose(event, details);
  file_.append(line_);
  advance();
}

void Trail::compose(std::string_view event, const Json& details) {
  compose_record(line_, {sequence_ + 1, prev_}, session_, event, details);
}

/// The line is in the file: the chain goes on from it, whatever syncing it says.
void Trail::advance() {
  ++sequence_;
  const std::string_view line = std::string_view(line_).substr(0, line_.size() - 1);
  prev_ = hex_of(sha256(line));
  if (options_.copy) options_.copy(line);
  if (options_.sync == Sync::kEach) file_.sync();
}

bool Trail::is_full() const { return options_.rotate > 0 && file_.size() >= options_.rotate; }

/// The new segment is written aside, with its first record, and only then do the names change: whatever fails before
/// leaves the old one as the newest.
void Trail::rotate() {
  if (options_.sync != Sync::kNone) file_.sync();
  const std::string aside = aside_name(session_);
  TrailFile next(directory_, aside);
  try {
    compose("audit.rotate", {{"segment", segment_ + 1}});
    next.append(line_);
    put_in_place(aside);
  } catch (...) {
    ::unlinkat(directory_.get(), aside.c_str(), 0);
    throw;
  }
  file_ = std::move(next);  // the old file was open, and so locked, until now: housekeeping saw a living session
  ++segment_;
  advance();
  if (options_.sync != Sync::kNone) sync_directory(directory_);
}

void Trail::put_in_place(const std::string& aside) {
  const std::string newest = newest_name(session_), closed = segment_name(session_, segment_);
  rename_new(directory_, newest, closed);
  try {
    rename_new(directory_, aside, newest);
  } catch (...) {
    rename_new(directory_, closed, newest);
    throw;
  }
}

void Trail::end(const Json& details) try {
  tell_losses();
  if (is_full()) rotate();  // now: the head below is that of the line before
  Json fields = details;
  fields["head"] = prev_;
  append_or_throw("session.end", fields);
  if (options_.sync != Sync::kNone) file_.sync();
} catch (const SysError& error) {
  count_loss(error);
}

void Trail::close() { file_.close(); }

}  // namespace clawbox::audit
