#include "cgroup/group.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostText = 64 << 10;
constexpr std::chrono::milliseconds kBetweenTries{5};

std::optional<uint64_t> as_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace

std::optional<uint64_t> number_after(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return as_number(line.substr(key.size() + 1));
    at = end + 1;
  }
  return std::nullopt;
}

Group::Group(std::string path)
    : directory_(sys::open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW)), path_(std::move(path)) {}

Group Group::again() const { return Group(sys::duplicate(directory_.get()), path_); }

Group Group::make_child(const std::string& name) const {
  if (::mkdirat(directory_.get(), name.c_str(), 0755) < 0) throw_errno("making the control group {}/{}", path_, name);
  return Group(sys::open_at(directory_, name, O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks),
               path_ + '/' + name);
}

std::optional<Group> Group::child_if_there(const std::string& name) const {
  auto child = sys::open_if_there(directory_, name, O_PATH | O_DIRECTORY, sys::Resolve::kBeneathNoSymlinks);
  if (!child) return std::nullopt;
  return Group(std::move(*child), path_ + '/' + name);
}

/// The kernel counts a process out of its group a moment after it has told its parent, so being told is worth waiting
/// for: cgroup.events wakes with POLLPRI.
bool Group::empty_within(Clock::time_point deadline) const {
  const OwnedFd events = open("cgroup.events", O_RDONLY);
  while (true) {
    const std::string text = sys::read_all(events, kMostText, "cgroup.events");
    if (number_after(text, "populated").value_or(0) == 0) return true;
    pollfd polled{events.get(), POLLPRI, 0};
    if (::poll(&polled, 1, milliseconds_until(deadline)) == 0) return false;
    if (::lseek(events.get(), 0, SEEK_SET) < 0) return false;
  }
}

bool Group::remove_child(const std::string& name, Clock::time_point deadline) const noexcept try {
  const std::optional<Group> child = child_if_there(name);
  if (!child) return true;
  child->try_write("cgroup.kill", "1");  // Linux 5.14; a frozen process dies of it too
  if (!child->empty_within(deadline)) return false;
  const OwnedFd opened = child->open(".", O_RDONLY | O_DIRECTORY);
  sys::Listing listing(opened);
  while (const dirent* entry = listing.next())
    if (entry->d_type == DT_DIR && !child->remove_child(entry->d_name, deadline)) return false;
  while (::unlinkat(directory_.get(), name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
    if (Clock::now() >= deadline) return false;
    ::poll(nullptr, 0, static_cast<int>(kBetweenTries.count()));  // EBUSY for a moment after the last process
  }
  return true;
} catch (const std::exception&) {
  return false;
}

OwnedFd Group::open(const std::string& file, int flags) const {
  return sys::open_at(directory_, file, flags, sys::Resolve::kBeneathNoSymlinks);
}

void Group::write(const std::string& file, std::string_view value) const try {
  sys::write_all(open(file, O_WRONLY), value, file);
} catch (const SysError& error) {
  throw_sys_error(error.code(), fmt::format("writing {} into {}/{}", in_quotes(value), path_, file));
}

bool Group::try_write(const std::string& file, std::string_view value) const noexcept try {
  write(file, value);
  return true;
} catch (const std::exception&) {
  return false;
}

std::optional<std::string> Group::read_if_there(const std::string& file) const noexcept try {
  const auto opened = sys::open_if_there(directory_, file, O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  if (!opened) return std::nullopt;
  return sys::read_all(*opened, kMostText, file);
} catch (const std::exception&) {
  return std::nullopt;
}

std::optional<uint64_t> Group::number(const std::string& file, std::string_view key) const {
  const std::optional<std::string> text = read_if_there(file);
  return text ? number_after(*text, key) : std::nullopt;
}

std::optional<uint64_t> Group::number(const std::string& file) const {
  const std::optional<std::string> text = read_if_there(file);
  return text ? as_number(*text) : std::nullopt;
}

}  // namespace clawbox::cgroup
