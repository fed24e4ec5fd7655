#include "cgroup/delegate.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "cgroup/direct.h"
#include "cgroup/systemd.h"
#include "sys/files.h"

namespace clawbox::cgroup {
namespace {

constexpr const char* kMount = "/sys/fs/cgroup";  // systemd knows no other

/// "0::/user.slice/…/clawbox-ID.scope" of /proc/self/cgroup: cgroups(7).
Group own_group(const std::string& unit) {
  const std::string text = sys::read_all(sys::open("/proc/self/cgroup", O_RDONLY), 64 << 10, "/proc/self/cgroup");
  for (const std::string& line : split(text, '\n'))
    if (line.starts_with("0::/") && line.ends_with("/" + unit)) return Group(kMount + line.substr(3));
  throw Error(ExitStatus::kFeatureMissing, fmt::format("systemd made {} and did not move us into it", unit),
              "a directory of cgroup v2 that an administrator gave away, named by limits.cgroup, needs no systemd");
}

}  // namespace

Cgroup make_delegated(const ControlGroup& plan, const std::string& id) try {
  const std::string unit = fmt::format("clawbox-{}.scope", id);
  enter_scope(plan.directory, unit);
  Group scope = own_group(unit);
  // A group with caps below it has no processes of its own, and ours must feel none of the session's.
  scope.make_child("supervisor").write("cgroup.procs", "0");
  enable_controllers(scope, plan.controllers);
  return Cgroup(std::move(scope), "session", plan);
} catch (const SysError& error) {
  throw Error(ExitStatus::kFeatureMissing, fmt::format("the session's control group: {}", error.what()),
              "`systemctl --user status` shows whether your service manager works");
}

}  // namespace clawbox::cgroup
