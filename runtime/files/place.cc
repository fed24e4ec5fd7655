#include "files/place.h"

#include <fcntl.h>

#include <deque>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sys/entries.h"
#include "sys/files.h"

namespace clawbox::files {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's own MAXSYMLINKS

std::deque<std::string> steps_of(const std::string& path) {
  std::deque<std::string> steps;
  for (std::string& step : split(path, '/'))
    if (!step.empty() && step != ".") steps.push_back(std::move(step));
  return steps;
}

class Walk {
 public:
  /// `beneath` is the caller's word, not the sandbox's.
  explicit Walk(const std::string& beneath) : beneath_(steps_of(beneath)) {
    held_.push_back(sys::open(beneath, O_PATH | O_DIRECTORY));
  }

  Place to(const std::string& path, LastLink last, Missing missing);
  void make_all(const std::string& path, std::optional<mode_t> mode);

 private:
  std::deque<std::string> inside(const std::string& path) const;
  void go_up(const std::string& path);
  bool take_link(const std::string& name);
  void enter(const std::string& name, Missing missing, std::optional<mode_t> mode = {});
  const OwnedFd& here() const { return held_.back(); }

  std::deque<std::string> beneath_;
  std::vector<OwnedFd> held_;      // from `beneath` to where we are
  std::deque<std::string> ahead_;  // steps that are left
  int links_ = 0;
};

[[noreturn]] void throw_outside(const std::string& path) {
  throw_sys_error(EXDEV, in_quotes(path) + " leads out of the directory that it must stay in");
}

/// The steps behind `beneath`.
std::deque<std::string> Walk::inside(const std::string& path) const {
  std::deque<std::string> steps = steps_of(path);
  for (const std::string& step : beneath_) {
    if (steps.empty() || steps.front() != step) throw_outside(path);
    steps.pop_front();
  }
  return steps;
}

/// Its owner's only until it has its mode: that may be less than the umask leaves, and more.
void make_one(const OwnedFd& directory, const std::string& name, std::optional<mode_t> mode) {
  sys::make_directory(directory, name, mode ? 0700 : 0777);
  if (mode) sys::set_mode(sys::open_entry(directory, name, O_RDONLY | O_DIRECTORY), *mode & 01777);
}

/// Of the root itself the parent is the root.
void Walk::go_up(const std::string& path) {
  if (held_.size() > 1) return held_.pop_back();
  if (!beneath_.empty()) throw_outside(path);
}

/// False: it is none. Its own steps come next.
bool Walk::take_link(const std::string& name) {
  const auto status = sys::status_of_entry(here(), name);
  if (!status || !S_ISLNK(status->st_mode)) return false;
  if (++links_ > kMostLinks) throw_sys_error(ELOOP, "following links at " + in_quotes(name));
  const std::string text = sys::read_link(here(), name);
  const bool from_root = text.starts_with('/');
  std::deque<std::string> steps = from_root ? inside(text) : steps_of(text);
  if (from_root) held_.resize(1);
  ahead_.insert(ahead_.begin(), steps.begin(), steps.end());
  return true;
}

/// `mode`: of what is made.
void Walk::enter(const std::string& name, Missing missing, std::optional<mode_t> mode) {
  try {
    held_.push_back(sys::open_entry(here(), name, O_PATH | O_DIRECTORY));
  } catch (const SysError& error) {
    if (error.code() != ENOENT || missing == Missing::kRefused) throw;
    try {
      make_one(here(), name, mode);
    } catch (const SysError& made) {
      if (made.code() != EEXIST) throw;
    }
    held_.push_back(sys::open_entry(here(), name, O_PATH | O_DIRECTORY));
  }
}

Place Walk::to(const std::string& path, LastLink last, Missing missing) {
  ahead_ = inside(path);
  while (!ahead_.empty()) {
    const std::string name = std::move(ahead_.front());
    ahead_.pop_front();
    if (name == "..") {
      go_up(path);
      continue;
    }
    const bool is_last = ahead_.empty();
    if (is_last && last == LastLink::kKept) return {std::move(held_.back()), name};
    if (take_link(name)) continue;
    if (is_last) return {std::move(held_.back()), name};
    enter(name, missing);
  }
  return {std::move(held_.back()), "."};
}

void Walk::make_all(const std::string& path, std::optional<mode_t> mode) {
  ahead_ = inside(path);
  while (!ahead_.empty()) {
    const std::string name = std::move(ahead_.front());
    ahead_.pop_front();
    if (name == "..")
      go_up(path);
    else if (!take_link(name))
      enter(name, Missing::kMade, ahead_.empty() ? mode : std::nullopt);
  }
}

}  // namespace

Place place_of(const std::string& beneath, const std::string& path, LastLink last, Missing missing) {
  return Walk(beneath).to(path, last, missing);
}

void make_directories(const std::string& beneath, const std::string& path, std::optional<mode_t> mode) {
  Walk(beneath).make_all(path, mode);
}

void make_directory(const Place& place, std::optional<mode_t> mode) { make_one(place.directory, place.name, mode); }

}  // namespace clawbox::files
