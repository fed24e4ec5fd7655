#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "plan/groups.h"
#include "session/probes.h"

namespace clawbox::session {
namespace {

struct Given {
  const char *controller, *caps;
};
constexpr std::array kGiven{Given{"memory", "memory, memory_high, swap"}, Given{"cpu", "cpu, cpu_weight"},
                            Given{"pids", "processes"}, Given{"cpuset", "cpuset"},
                            Given{"io", "io_read, io_write, io_read_operations, io_write_operations, io_weight"}};

/// A group with every controller that a profile can ask for, made as a session's is and removed again.
std::string try_group(ControlGroup group, const std::vector<std::string>& known) {
  std::vector<std::string> caps;
  for (const Given& given : kGiven) {
    if (std::find(known.begin(), known.end(), given.controller) == known.end()) continue;
    group.controllers.emplace_back(given.controller);
    caps.emplace_back(given.caps);
  }
  const cgroup::Cgroup made = cgroup::create(group, fmt::format("d0c-{:x}", ::getpid()));
  return fmt::format("{}: caps {}", escaped(made.session().path()), joined(caps, ", "));
}

}  // namespace

Attempt try_cgroup_delegation(const plan::Host& host) {
  plan::Host asked = host;
  asked.control_groups = plan::group_facts(host, "auto");
  const plan::GroupOffer offer = plan::group_offer(asked, "auto");
  if (offer.group.maker == ControlGroup::Maker::kNone) return {false, offer.cause, offer.remedy};
  return in_child([&] { return try_group(offer.group, asked.control_groups.controllers); });
}

/// The controllers that systemd does not give by itself.
Attempt try_cgroup_controllers(const plan::Host& host) {
  const plan::GroupFacts facts = plan::group_facts(host, "auto");
  std::vector<std::string> missing;
  for (const char* controller : {"cpuset", "io"})
    if (std::find(facts.controllers.begin(), facts.controllers.end(), controller) == facts.controllers.end())
      missing.emplace_back(controller);
  if (missing.empty()) return {true, "cpuset and io are given, too", ""};
  const char* remedy = !facts.manager.empty() ? plan::kDelegateEverything
                       : facts.unified        ? "an administrator adds it to cgroup.subtree_control above"
                                              : "see cgroup-delegation";
  return {false, joined(missing, " and ") + " cannot be had", remedy};
}

Attempt try_session_slice(const plan::Host&) {
  if (::access(cgroup::kSliceUnit, F_OK) != 0) return {false, "there is no clawbox.slice", ""};
  return {true, "all sessions together: systemctl --user set-property clawbox.slice MemoryMax=8G", ""};
}

}  // namespace clawbox::session
