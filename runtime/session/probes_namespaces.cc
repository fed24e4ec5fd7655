// Namespaces, id maps, and what a session does to its own network before the program runs.
#include <linux/sched.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "launch/identity.h"
#include "net/link.h"
#include "net/nftables_probe.h"
#include "session/probes.h"
#include "session/probes_causes.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/processes.h"

namespace clawbox::session {
namespace {

constexpr uint64_t kSessionNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

std::string id_text(const Identity& identity) {
  return fmt::format("uid {} inside is {} outside", identity.uid, identity.uid_map.front().host);
}

/// Runs while the maps are not written: only the making of the namespaces counts.
Attempt make_namespaces(uint64_t namespaces, const std::string& names) {
  return in_child([&] {
    const sys::Clone clone = sys::clone_into(namespaces);
    if (clone.pid == 0) {
      sys::unshare(CLONE_NEWCGROUP);
      ::_exit(0);
    }
    const sys::Ending ending = sys::wait_for(clone.pid);
    if (ending.status != 0 || ending.signal != 0) throw_sys_error(EPERM, "unsharing the cgroup namespace");
    return names;
  });
}

Identity helper_identity(const plan::Host& host) {
  Identity identity = probe_identity(host);
  identity.writer = Identity::Writer::kHelper;
  identity.uid_map.push_back({host.uid + 1, host.subordinate_uids->start, 1});
  identity.gid_map.push_back({host.gid + 1, host.subordinate_gids->start, 1});
  return identity;
}

}  // namespace

Identity probe_identity(const plan::Host& host) {
  Identity identity;
  identity.uid = host.uid;
  identity.gid = host.gid;
  const bool root = host.caller == plan::Host::Caller::kRoot;
  if (root) identity.writer = Identity::Writer::kRoot;
  if (root) identity.groups = Identity::Groups::kDropped;
  // A container may not have been given the id that root's sessions run on: this finds out.
  identity.uid_map = {{identity.uid, root ? plan::session_id_for_root(host) : host.uid, 1}};
  identity.gid_map = {{identity.gid, root ? plan::session_id_for_root(host) : host.gid, 1}};
  return identity;
}

Attempt try_namespaces(const plan::Host&) {
  return with_cause(make_namespaces(kSessionNamespaces, "user, mount, pid, network, ipc, uts, cgroup"));
}

Attempt try_time_namespace(const plan::Host&) {
  return with_cause(make_namespaces(CLONE_NEWUSER | CLONE_NEWTIME, "the session's clocks can be its own"));
}

Attempt try_id_map(const plan::Host& host) {
  const Identity identity = probe_identity(host);
  Attempt attempt = in_child(CLONE_NEWUSER, identity, [&] {
    if (::getuid() != identity.uid || ::getgid() != identity.gid) throw_sys_error(EPERM, "becoming the mapped user");
    return id_text(identity);
  });
  attempt.remedy.clear();  // which would send to itself
  return with_cause(std::move(attempt));
}

Attempt try_id_map_helpers(const plan::Host& host) {
  if (!host.id_map_programs) return {false, "newuidmap and newgidmap are not installed", ""};
  if (!host.subordinate_uids || !host.subordinate_gids)
    return {false, fmt::format("{} has no range in /etc/{}", host.user, host.subordinate_uids ? "subgid" : "subuid"),
            fmt::format("sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}", host.user)};
  return in_child([&] {
    const Attempt mapped = in_child(CLONE_NEWUSER, helper_identity(host), [] { return std::string(); });
    if (!mapped.works) throw Error(ExitStatus::kFeatureMissing, mapped.found);
    return fmt::format("{} subordinate uids from {}", host.subordinate_uids->count, host.subordinate_uids->start);
  });
}

Attempt try_namespace_lock(const plan::Host& host) {
  const Identity identity = probe_identity(host);
  return with_cause_of_proc(in_child(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, identity, [&]() -> std::string {
    const OwnedFd proc = sys::new_filesystem("proc", {}, sys::MountFlag::kNoSuid);
    launch::enter_inner_user_namespace(identity, proc);
    if (::unshare(CLONE_NEWUSER) == 0) throw_sys_error(EPERM, "keeping a third user namespace from being made");
    if (errno != ENOSPC) throw_errno("being refused a third user namespace for the wrong reason");
    return "a program inside cannot make user namespaces";
  }));
}

Attempt try_loopback(const plan::Host& host) {
  return with_cause(in_child(CLONE_NEWUSER | CLONE_NEWNET, probe_identity(host), [] {
    net::bring_loopback_up();
    return "lo comes up in a network namespace of its own";
  }));
}

Attempt try_nftables(const plan::Host& host) {
  return in_child(CLONE_NEWUSER | CLONE_NEWNET, probe_identity(host), [] {
    net::try_steering();
    return "a session's connections can be steered by name (tproxy), and refusals logged";
  });
}

}  // namespace clawbox::session
