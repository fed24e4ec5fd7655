#include "session/probes_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "session/probes.h"
#include "session/probes_causes.h"
#include "sys/files.h"

namespace clawbox::session {
namespace {

struct Given {
  const char *controller, *caps;
};
constexpr std::array kGiven{Given{"memory", "memory, swap"}, Given{"cpu", "cpu"}, Given{"pids", "processes"},
                            Given{"io", "disk rates"}};

constexpr const char* kNoControllers =
    "boot with systemd.unified_cgroup_hierarchy=1, which gives the controllers to version 2";

class ChildGroup {
 public:
  ChildGroup(const OwnedFd& parent, const std::string& path)
      : parent_(parent), name_(fmt::format("clawbox-doctor-{}", ::getpid())) {
    if (::mkdirat(parent_.get(), name_.c_str(), 0700) < 0) throw_errno("making a control group in {}", in_quotes(path));
  }
  ChildGroup(const ChildGroup&) = delete;
  ~ChildGroup() { ::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR); }

 private:
  const OwnedFd& parent_;
  std::string name_;
};

/// Mount point and root of the first cgroup2 mount: "ID PARENT DEV ROOT POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS".
struct CgroupMount {
  std::string root, point;
};
std::optional<CgroupMount> cgroup2_mount(std::string_view mountinfo) {
  constexpr std::size_t kRoot = 3, kPoint = 4;
  for (const std::string& line : split(mountinfo, '\n')) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() > kPoint) return CgroupMount{fields[kRoot], fields[kPoint]};
  }
  return std::nullopt;
}

std::optional<std::string> version_2_path(std::string_view cgroup) {
  for (const std::string& line : split(cgroup, '\n'))
    if (line.starts_with("0::/")) return line.substr(3);
  return std::nullopt;
}

std::vector<std::string> controllers_of(const OwnedFd& group) {
  const OwnedFd file = sys::open_at(group, "cgroup.controllers", O_RDONLY, sys::Resolve::kBeneathNoSymlinks);
  const std::string text = sys::read_all(file, 4096, "cgroup.controllers");
  std::vector<std::string> names;
  for (const std::string& word : split(std::string_view(text).substr(0, text.find('\n')), ' '))
    if (!word.empty()) names.push_back(word);
  return names;
}

std::string caps_of(const std::vector<std::string>& controllers) {
  std::vector<std::string> caps;
  for (const Given& given : kGiven)
    if (std::find(controllers.begin(), controllers.end(), given.controller) != controllers.end())
      caps.push_back(given.caps);
  return joined(caps, ", ");
}

}  // namespace

std::optional<std::string> own_cgroup(std::string_view mountinfo, std::string_view cgroup) {
  const std::optional<CgroupMount> mount = cgroup2_mount(mountinfo);
  const std::optional<std::string> path = version_2_path(cgroup);
  if (!mount || !path || path->starts_with("/..")) return std::nullopt;
  if (mount->root == "/") return mount->point + (*path == "/" ? "" : *path);
  if (*path != mount->root && !path->starts_with(mount->root + "/")) return std::nullopt;
  return mount->point + path->substr(mount->root.size());
}

std::string try_child_group(const std::string& directory) {
  const OwnedFd group = sys::open(directory, O_PATH | O_DIRECTORY);
  const std::vector<std::string> controllers = controllers_of(group);
  const std::string caps = caps_of(controllers);
  if (caps.empty())
    throw Error(ExitStatus::kFeatureMissing, fmt::format("{} has no controllers to give", escaped(directory)),
                kNoControllers);
  const ChildGroup child(group, directory);
  return fmt::format("{}: controllers {} (caps: {})", escaped(directory), escaped(joined(controllers, " ")), caps);
}

Attempt try_cgroup_delegation(const plan::Host&) {
  const auto directory = own_cgroup(content_of("/proc/self/mountinfo"), content_of("/proc/self/cgroup"));
  if (!directory) return {false, "no cgroup2 is mounted that shows our own group", kNoControllers};
  return in_child([&] { return try_child_group(*directory); });
}

}  // namespace clawbox::session
