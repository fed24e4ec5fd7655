// Who the session is: the id maps of its outer user namespace, and the mapped owners of its binds. user_namespaces(7).
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/owned_fd.h"
#include "plan/plan.h"

namespace clawbox::launch {

/// The parent's side: writes uid_map, gid_map (and setgroups) of the child, itself or by newuidmap(1) and newgidmap(1).
void write_id_maps(pid_t child, const Identity& identity);
/// The child's side, for Identity::Writer::kSelf alone: one id, the caller's own, which the kernel lets everybody map.
void write_own_id_map(const Identity& identity);

/// A user namespace that only exists to map owners from what is on disk to the session's host id: one descriptor, no
/// process.
OwnedFd owner_map(const Identity& identity);

/// One detached tree for each Bind with Ownership::kMapped, in the order of the plan. The child has its id maps.
std::vector<OwnedFd> mapped_trees(pid_t child, const Plan& plan);

/// The child's side, in the outer namespace: take on the mapped ids, all groups dropped where the kernel lets us.
void become_session_user(const Identity& identity);

/// The child's side: enter the inner user namespace, which owns nothing and in which `nested` namespaces can be made.
/// `bare_proc` is a proc on which /proc/sys is still writable.
void enter_inner_user_namespace(const Identity& identity, const OwnedFd& bare_proc);

}  // namespace clawbox::launch
