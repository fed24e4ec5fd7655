#include "plan/groups.h"

#include "base/error.h"
#include "base/text.h"

namespace clawbox::plan {
namespace {

GroupOffer nobody(std::string cause, std::string remedy) { return {{}, std::move(cause), std::move(remedy)}; }

GroupOffer made_by(ControlGroup::Maker maker, const std::string& directory) {
  GroupOffer offer;
  offer.group.maker = maker;
  offer.group.directory = directory;
  return offer;
}

GroupOffer from_manager(const Host& host) {
  if (!host.control_groups.manager.empty())
    return made_by(ControlGroup::Maker::kDelegated, host.control_groups.manager);
  return nobody(
      "no service manager of yours listens below $XDG_RUNTIME_DIR, as in cron or after su",
      fmt::format("sudo loginctl enable-linger {0}, and set XDG_RUNTIME_DIR=/run/user/{1}", host.user, host.uid));
}

}  // namespace

GroupOffer group_offer(const Host& host, const std::string& wanted) {
  const GroupFacts& facts = host.control_groups;
  if (!facts.unified)
    return nobody("there is no cgroup v2 at /sys/fs/cgroup",
                  "add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot; in a container its "
                  "host decides");
  if (wanted == "auto" && host.caller != Host::Caller::kRoot) return from_manager(host);
  if (!facts.is_group)
    return nobody(fmt::format("{} is no control group of version 2", in_quotes(facts.directory)),
                  "limits.cgroup must name a directory below /sys/fs/cgroup that an administrator gave you");
  if (!facts.writable)
    return nobody(fmt::format("{} cannot be written", in_quotes(facts.directory)),
                  "limits.cgroup must name a directory of cgroup v2 that an administrator gave you");
  if (facts.populated && facts.controllers.empty())
    return nobody(fmt::format("processes live in {} itself, so that it can give no caps to groups below it",
                              in_quotes(facts.directory)),
                  "move them into a group below it, or name another directory with limits.cgroup");
  return made_by(ControlGroup::Maker::kDirect, facts.directory);
}

}  // namespace clawbox::plan
