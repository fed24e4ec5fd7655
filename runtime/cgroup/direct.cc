#include "cgroup/direct.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/directories.h"
#include "sys/files.h"

namespace clawbox::cgroup {
namespace {

constexpr const char* kPrefix = "clawbox-";
constexpr std::chrono::milliseconds kEndWithin{200};  // what dies with a killed supervisor may still be at it

std::string cause_of(const SysError& error) {
  switch (error.code()) {
    case EBUSY:
      return "processes live in it, and a group with caps below it must have none (\"no internal processes\")";
    case ENOENT:
      return "its own controllers do not include them";
    default:
      return error.what();
  }
}

/// Only what has an exec was locked once, so an unlocked one has lost its supervisor.
void sweep(const Group& parent) {
  const OwnedFd opened = parent.open(".", O_RDONLY | O_DIRECTORY);
  sys::Listing listing(opened);
  while (const dirent* entry = listing.next()) {
    if (!std::string_view(entry->d_name).starts_with(kPrefix)) continue;
    const std::optional<Group> left = parent.child_if_there(entry->d_name);
    if (!left || !left->child_if_there("exec-1")) continue;
    const OwnedFd lock = left->open(".", O_RDONLY | O_DIRECTORY);
    if (sys::try_lock(lock)) parent.remove_child(entry->d_name, std::chrono::steady_clock::now() + kEndWithin);
  }
}

}  // namespace

void enable_controllers(const Group& group, const std::vector<std::string>& controllers) try {
  if (controllers.empty()) return;
  group.write("cgroup.subtree_control", "+" + joined(controllers, " +"));
} catch (const SysError& error) {
  throw Error(ExitStatus::kFeatureMissing,
              fmt::format("the control group {} cannot give {} to its children: {}", in_quotes(group.path()),
                          joined(controllers, ", "), cause_of(error)),
              "name another directory with limits.cgroup, or leave it at \"auto\"");
}

Cgroup make_direct(const ControlGroup& plan, const std::string& id) try {
  Group parent(plan.directory);
  sweep(parent);
  enable_controllers(parent, plan.controllers);
  return Cgroup(std::move(parent), kPrefix + id, plan);
} catch (const SysError& error) {
  throw Error(ExitStatus::kFeatureMissing, fmt::format("the session's control group: {}", error.what()),
              "limits.cgroup must name a directory of cgroup v2 that you can write, with no process in it");
}

}  // namespace clawbox::cgroup
