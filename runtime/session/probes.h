// The kernel features that clawbox uses, each tried by doing it: a setting read from /proc tells what is meant, not
// what works. Every attempt runs in a child that ends at once, so that namespaces, mounts and filters go with it.
#pragma once

#include <vector>

#include "plan/host.h"
#include "session/probes_child.h"

namespace clawbox::session {

enum class Need { kRequired, kOptional };  // for the profile `coding`

struct Probe {
  const char* name;  // stable: part of `doctor --json`
  Need need;
  const char* cost;    // what its absence costs
  const char* remedy;  // unless the attempt knows a better one
  Attempt (*attempt)(const plan::Host& host);
};

/// In the order in which a session uses them. Root's list has more: its sessions map the owners of files, and mount
/// images.
std::vector<Probe> probes_for(const plan::Host& host);

/// The caller's ids as a session of `coding` maps them; what is seen of files plays no part.
Identity probe_identity(const plan::Host& host);

// probes_namespaces.cc
Attempt try_namespaces(const plan::Host& host);
Attempt try_time_namespace(const plan::Host& host);
Attempt try_id_map(const plan::Host& host);
Attempt try_id_map_helpers(const plan::Host& host);
Attempt try_namespace_lock(const plan::Host& host);
Attempt try_loopback(const plan::Host& host);
Attempt try_nftables(const plan::Host& host);

// probes_mounts.cc
Attempt try_mounts(const plan::Host& host);
Attempt try_read_only_tree(const plan::Host& host);
Attempt try_proc(const plan::Host& host);
Attempt try_overlay(const plan::Host& host);
Attempt try_fuse(const plan::Host& host);
Attempt try_owner_mapping(const plan::Host& host);

// probes_stores.cc
Attempt try_disk_quota(const plan::Host& host);
Attempt try_loop(const plan::Host& host);

// probes_restrictions.cc
Attempt try_seccomp_filter(const plan::Host& host);
Attempt try_seccomp_listener(const plan::Host& host);
Attempt try_wait_killable(const plan::Host& host);
Attempt try_sync_wake_up(const plan::Host& host);
Attempt try_landlock(const plan::Host& host);

// probes_processes.cc
Attempt try_pidfd(const plan::Host& host);
Attempt try_close_range(const plan::Host& host);
Attempt try_openat2(const plan::Host& host);
Attempt try_tracing(const plan::Host& host);

// probes_cgroup.cc
Attempt try_cgroup_delegation(const plan::Host& host);
Attempt try_cgroup_controllers(const plan::Host& host);
Attempt try_session_slice(const plan::Host& host);

}  // namespace clawbox::session
