#include "store/projects.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "store/trial.h"
#include "sys/files.h"
#include "sys/project_quota.h"

namespace clawbox::store {
namespace {

constexpr const char* kNames = "/etc/projid";
constexpr std::size_t kLongestNames = 1 << 20;
constexpr uint32_t kFirstOfRoot = 0x0C1A0000, kMostOfRoot = 65536;
constexpr uint64_t kBlock = 4096;

/// What statvfs says of a project's directory: its caps, where a quota is in force.
struct Shown {
  uint64_t bytes = 0, files = 0, files_used = 0;
};
Shown shown_in(const OwnedFd& directory) {
  struct statvfs status {};
  if (::fstatvfs(directory.get(), &status) != 0) throw_errno("asking for the caps of a project");
  return {status.f_blocks * status.f_frsize, status.f_files, status.f_files - status.f_ffree};
}

bool holds(const Shown& shown, Caps caps) {
  return shown.bytes == caps.bytes / kBlock * kBlock && shown.files <= caps.files;
}

/// Lines of "name:number".
std::vector<uint32_t> prepared_projects() try {
  std::vector<uint32_t> projects;
  for (const std::string& line :
       split(sys::read_all(sys::open(kNames, O_RDONLY | O_CLOEXEC), kLongestNames, kNames), '\n')) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with("clawbox") || colon == std::string::npos) continue;
    const unsigned long number = std::strtoul(line.c_str() + colon + 1, nullptr, 10);
    if (number > 0 && number < UINT32_MAX) projects.push_back(static_cast<uint32_t>(number));
  }
  return projects;
} catch (const SysError&) {
  return {};
}

void take_new_project(const OwnedFd& directory, Caps caps) {
  const OwnedFd all(::openat(directory.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  sys::lock(all);  // two sessions at once would limit the same one
  for (uint32_t project = kFirstOfRoot; project < kFirstOfRoot + kMostOfRoot; ++project) {
    if (sys::project_quota(directory, project).files > 0) continue;
    sys::limit_project(directory, project, caps.bytes / kBlock * kBlock, caps.files);
    return sys::put_into_project(directory, project);
  }
  throw_sys_error(EDQUOT, "looking for a free project");
}

/// Another user may take the same one at the same time: then both see two files in it, and try the next.
void take_prepared_project(const OwnedFd& directory, Caps caps) {
  unsigned fitting = 0, all = 0;
  for (const uint32_t project : prepared_projects()) {
    sys::put_into_project(directory, project);
    const Shown shown = shown_in(directory);
    ++all;
    if (!holds(shown, caps)) continue;
    if (shown.files_used <= 1) return;
    ++fitting;
  }
  sys::put_into_project(directory, 0);
  const std::string all_text = fmt::format("of {} projects clawbox… in {} ", all, kNames);
  if (all == 0) throw Error(ExitStatus::kSetupFailed, fmt::format("no project clawbox… is in {}", kNames));
  if (fitting == 0)
    throw Error(ExitStatus::kSetupFailed, all_text + fmt::format("none is limited to {} and at most {} files here",
                                                                 size_text(caps.bytes), caps.files));
  throw Error(ExitStatus::kSetupFailed, all_text + fmt::format("{} have these limits, and none is free: `clawbox diff` "
                                                               "lists what waits for a review",
                                                               fitting));
}

/// In a child whose root is not exempt from quotas.
std::string why_not_held(const OwnedFd& directory, Caps caps) {
  return tried_inside([&] {
    const OwnedFd file(::openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) throw_errno("making a file in a project");
    if (::fallocate(file.get(), 0, 0, static_cast<off_t>(caps.bytes + 1)) == 0)
      throw_sys_error(EOVERFLOW, "a file of more than its limit fits into a project");
    if (errno != EDQUOT && errno != ENOSPC) throw_errno("filling a project");
  });
}

bool are_on(const OwnedFd& directory) try {
  sys::project_quota(directory, kFirstOfRoot);
  return true;
} catch (const SysError&) {
  return false;
}

std::string nearest_directory(std::filesystem::path path) {
  while (path.has_relative_path() && ::access(path.c_str(), F_OK) != 0) path = path.parent_path();
  return path;
}

/// A session's directory of no session.
class Trial {
 public:
  explicit Trial(const std::string& place) : path_(place + "/.clawbox-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw_errno("making a directory in {}", in_quotes(place));
    directory_ = sys::open(path_, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sys::lock(directory_);  // else it would be swept
  }
  Trial(const Trial&) = delete;
  ~Trial() { ::rmdir(path_.c_str()); }
  const OwnedFd& directory() const { return directory_; }

 private:
  std::string path_;
  OwnedFd directory_;
};

}  // namespace

void take_project(const OwnedFd& directory, Caps caps) {
  ::geteuid() == 0 ? take_new_project(directory, caps) : take_prepared_project(directory, caps);
  if (holds(shown_in(directory), caps)) return;
  throw Error(ExitStatus::kSetupFailed, "the quota of a project is counted here and not enforced");
}

std::string why_no_project(const std::string& place, Caps caps) try {
  const std::string nearest = nearest_directory(place);
  const OwnedFd directory = sys::open(nearest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!sys::project_of(directory) || (::geteuid() == 0 && !are_on(directory)))
    return "project quotas are off on the file system of " + in_quotes(place);
  if (::geteuid() != 0 && prepared_projects().empty()) return fmt::format("no project clawbox… is in {}", kNames);
  const Trial trial(nearest);
  take_project(trial.directory(), caps);
  return why_not_held(trial.directory(), caps);
} catch (const Error& error) {
  return error.what();
}

}  // namespace clawbox::store
