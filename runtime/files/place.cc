#include "files/place.h"

#include <fcntl.h>
#include <unistd.h>

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
  explicit Walk(const std::string& beneath);

  Place to(const std::string& path, LastLink last, Missing missing);
  void go_into(const std::string& path, Missing missing, std::optional<mode_t> mode);

 private:
  std::deque<std::string> inside(const std::string& path) const;
  void go_up(const std::string& path);
  void require_of_system(const std::string& name, const struct stat& link) const;
  bool take_link(const std::string& name);
  void enter(const std::string& name, Missing missing, std::optional<mode_t> mode = {});
  const OwnedFd& here() const { return held_.back(); }

  std::deque<std::string> beneath_;
  enum class Trust { kAnyLink, kLinksOfSystem } trust_ = Trust::kLinksOfSystem;
  std::vector<OwnedFd> held_;      // from `beneath` to where we are
  std::deque<std::string> ahead_;  // steps that are left
  int links_ = 0;
};

[[noreturn]] void throw_outside(const std::string& path) {
  throw_sys_error(EXDEV, in_quotes(path) + " leads out of the directory that it must stay in");
}

/// The name of `beneath` is the caller's word, but what lies on its way may be the sandbox's: with a link there it
/// would choose the directory that it must stay in.
Walk::Walk(const std::string& beneath) {
  held_.push_back(sys::open("/", O_PATH | O_DIRECTORY));
  go_into(beneath, Missing::kRefused, {});
  held_.erase(held_.begin(), held_.end() - 1);
  beneath_ = steps_of(beneath);
  trust_ = Trust::kAnyLink;
  links_ = 0;
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

/// Of another owner, which a session cannot give, and where it cannot put one: as /bin, which leads to usr/bin.
void Walk::require_of_system(const std::string& name, const struct stat& link) const {
  if (trust_ == Trust::kAnyLink) return;
  const uid_t session = ::geteuid();
  const bool may_be_its_own = link.st_uid == session || sys::status_of(here()).st_uid == session;
  if (may_be_its_own || ::faccessat(here().get(), ".", W_OK, 0) == 0)
    throw_sys_error(ELOOP, in_quotes(name) + ", a link, leads to the directory to stay in; name that by its real path");
}

/// False: it is none. Its own steps come next.
bool Walk::take_link(const std::string& name) {
  const auto status = sys::status_of_entry(here(), name);
  if (!status || !S_ISLNK(status->st_mode)) return false;
  require_of_system(name, *status);
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

void Walk::go_into(const std::string& path, Missing missing, std::optional<mode_t> mode) {
  ahead_ = inside(path);
  while (!ahead_.empty()) {
    const std::string name = std::move(ahead_.front());
    ahead_.pop_front();
    if (name == "..")
      go_up(path);
    else if (!take_link(name))
      enter(name, missing, ahead_.empty() ? mode : std::nullopt);
  }
}

}  // namespace

Place place_of(const std::string& beneath, const std::string& path, LastLink last, Missing missing) {
  return Walk(beneath).to(path, last, missing);
}

void make_directories(const std::string& beneath, const std::string& path, std::optional<mode_t> mode) {
  Walk(beneath).go_into(path, Missing::kMade, mode);
}

void make_directory(const Place& place, std::optional<mode_t> mode) { make_one(place.directory, place.name, mode); }

}  // namespace clawbox::files
