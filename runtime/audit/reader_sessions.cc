#include "audit/reader_sessions.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "audit/reader.h"
#include "audit/segment_names.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::audit {
namespace {

using std::chrono::seconds;

constexpr uint64_t kNewest = UINT64_MAX;

struct TrailName {
  std::string id;
  uint64_t number = kNewest;
};

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "ID.jsonl", "ID.3.jsonl", "ID.3.jsonl.zst".
std::optional<TrailName> trail_name(std::string_view file) {
  const bool compressed = file.ends_with(".zst");
  if (compressed) file.remove_suffix(4);
  if (!file.ends_with(".jsonl") || file == kIndexName || file.starts_with('.')) return std::nullopt;
  file.remove_suffix(6);
  const std::size_t dot = file.rfind('.');
  if (dot != std::string_view::npos)
    if (const auto number = whole_number<uint64_t>(file.substr(dot + 1), 10); number && *number > 0)
      return TrailName{std::string(file.substr(0, dot)), *number};
  if (compressed || file.empty()) return std::nullopt;
  return TrailName{std::string(file)};
}

/// Ids begin with the second of their start, in hexadecimal.
std::optional<WallTime> start_of(const std::string& id) {
  const auto since_epoch = whole_number<uint32_t>(std::string_view(id).substr(0, id.find('-')), 16);
  if (!since_epoch || id.find('-') == std::string::npos) return std::nullopt;
  return WallTime(seconds(*since_epoch));
}

WallTime change_of(const OwnedFd& directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return WallTime::max();
  return WallTime(seconds(status.st_mtim.tv_sec));
}

/// While a segment is being compressed both files are there; the plain one is whole.
void put_in_order(std::vector<Segment>& segments) {
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    return a.number != b.number ? a.number < b.number : a.name.size() < b.name.size();
  });
  segments.erase(std::unique(segments.begin(), segments.end(),
                             [](const Segment& a, const Segment& b) { return a.number == b.number; }),
                 segments.end());
  if (segments.back().number == kNewest)
    segments.back().number = segments.size() == 1 ? 1 : segments[segments.size() - 2].number + 1;
}

std::map<std::string, std::vector<Segment>> segments_in(const OwnedFd& directory) {
  std::map<std::string, std::vector<Segment>> found;
  sys::Listing listing(sys::open_at(directory, ".", O_RDONLY | O_DIRECTORY, sys::Resolve::kAny));
  while (const dirent* entry = listing.next())
    if (const auto name = trail_name(entry->d_name)) found[name->id].push_back({entry->d_name, name->number});
  if (listing.error() != 0) throw_sys_error(listing.error(), "listing the trails");
  for (auto& [id, segments] : found) put_in_order(segments);
  return found;
}

/// "mono_us" of the first record; 0 where it cannot be read.
uint64_t begin_of(const OwnedFd& directory, const SessionFiles& session) try {
  std::array<char, 512> begin;  // clawbox-audit(5): the field is among the first five
  const std::size_t count = open_segment(directory, session.segments.front().name)->read(begin.data(), begin.size());
  return whole_number<uint64_t>(raw_field({begin.data(), count}, "\"mono_us\":"), 10).value_or(0);
} catch (const SysError&) {
  return 0;
}

WallTime second_of(const SessionFiles& session) { return session.started.value_or(session.changed); }

/// Ids tell the second only: files are read where several sessions began in the same one.
void order_within_seconds(const OwnedFd& directory, std::vector<SessionFiles>& sessions) {
  for (auto first = sessions.begin(); first != sessions.end();) {
    const auto end =
        std::find_if(first, sessions.end(), [&](const SessionFiles& s) { return second_of(s) != second_of(*first); });
    std::map<std::string, uint64_t> begins;
    for (auto session = first; end - first > 1 && session != end; ++session)
      begins[session->id] = begin_of(directory, *session);
    if (end - first > 1)
      std::stable_sort(first, end,
                       [&](const SessionFiles& a, const SessionFiles& b) { return begins[a.id] < begins[b.id]; });
    first = end;
  }
}

}  // namespace

std::optional<OwnedFd> open_trails(const std::string& path) try {
  return sys::open(path, O_PATH | O_DIRECTORY);
} catch (const SysError& error) {
  if (error.code() == ENOENT) return std::nullopt;
  throw;
}

std::vector<SessionFiles> sessions_in(const OwnedFd& directory) {
  std::vector<SessionFiles> sessions;
  for (auto& [id, segments] : segments_in(directory)) {
    const WallTime changed = change_of(directory, segments.back().name);
    sessions.push_back({id, std::move(segments), start_of(id), changed});
  }
  std::stable_sort(sessions.begin(), sessions.end(),
                   [](const SessionFiles& a, const SessionFiles& b) { return second_of(a) < second_of(b); });
  order_within_seconds(directory, sessions);
  return sessions;
}

bool may_touch(const SessionFiles& session, const Window& window) {
  // The clock of the file system and ours may differ by a tick, and the wall clock may have been set.
  constexpr seconds kSlack{2};
  if (window.since && session.changed < *window.since - kSlack) return false;
  return !window.until || !session.started || *session.started <= *window.until + kSlack;
}

std::vector<SessionFiles> chosen(std::vector<SessionFiles> all, std::span<const std::string> prefixes) {
  if (prefixes.empty()) return all;
  std::vector<SessionFiles> some;
  for (const std::string& prefix : prefixes) {
    const std::size_t before = some.size();
    for (const SessionFiles& session : all)
      if (session.id.starts_with(prefix)) some.push_back(session);
    if (some.size() == before)
      throw Error(ExitStatus::kSessionMissing, fmt::format("no session's id begins with {}", in_quotes(prefix)),
                  "`clawbox log --event session` lists the sessions; older ones may have been removed by age or size");
  }
  std::vector<SessionFiles> once;
  for (SessionFiles& session : some)
    if (std::find(once.begin(), once.end(), session) == once.end()) once.push_back(std::move(session));
  return once;
}

std::optional<Segment> segment_after(const OwnedFd& directory, const std::string& id, uint64_t after) {
  const auto all = segments_in(directory);
  const auto found = all.find(id);
  if (found == all.end()) return std::nullopt;
  for (const Segment& segment : found->second)
    if (segment.number > after) return segment;
  return std::nullopt;
}

uint64_t newest_inode(const OwnedFd& directory, const std::string& id) {
  struct stat status {};
  const bool there = ::fstatat(directory.get(), newest_name(id).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  return there ? status.st_ino : 0;
}

}  // namespace clawbox::audit
