// The themes of resolve(), one file each. Each one is a pure function of the inputs and of what was chosen before it.
#pragma once

#include <string>
#include <vector>

#include "plan/inputs.h"

namespace clawbox::plan {

/// workspace.cc. Throws kWorkspaceUnusable with a sentence for each reason.
Chosen<Workspace> choose_workspace(const Inputs& inputs);
/// The directory in which the command starts, inside. `mounts` say whether it can be seen.
std::string command_directory(const Inputs& inputs, const Workspace& workspace, const Identity& identity,
                              const std::vector<MountStep>& mounts);

/// identity.cc
Chosen<Identity> choose_identity(const Inputs& inputs, const Workspace& workspace);
std::string home_inside(const Host& host);

/// mounts.cc
Chosen<std::vector<MountStep>> choose_mounts(const Inputs& inputs, const Workspace& workspace,
                                             const Identity& identity);

/// environment.cc
using Environment = std::vector<std::pair<std::string, std::string>>;
Chosen<Environment> choose_environment(const Inputs& inputs, const Identity& identity,
                                       const std::vector<MountStep>& mounts);

/// storage.cc. Throws kProfileInvalid where an overlay has no cap, and kFeatureMissing where no store works.
Chosen<std::optional<Storage>> choose_storage(const Inputs& inputs, const Workspace& workspace);

/// limits.cc
Chosen<Limits> choose_limits(const Inputs& inputs, const Workspace& workspace, const std::vector<MountStep>& mounts,
                             const std::optional<Storage>& storage);

/// caps.cc. What one process is limited to where no group can hold the whole.
struct FallbackLimit {
  int resource = 0;
  const char* name = "";  // as Rlimit::name
  uint64_t value = 0;
  Origin origin;
};
struct Caps {
  ControlGroup group;
  std::vector<FallbackLimit> fallbacks;
};
/// Throws kFeatureMissing for a cap that cannot be held and that the profile does not let go. `mounts` say which disks
/// the session reaches.
Chosen<Caps> choose_caps(const Inputs& inputs, const Workspace& workspace, const std::vector<MountStep>& mounts,
                         const std::optional<Storage>& storage);

/// overrides.cc. The profile with the caps that the command line gives, with its workspace as an overlay, and with more
/// published ports: without a network of its own it gets one from which nothing can be reached. Throw kUsage for a cap
/// that is higher than the profile lets go, for an overlay that would let write what it forbids, and for ports of a
/// session in the host's network.
profile::Profile with_caps(profile::Profile profile, const CapWords& words);
profile::Profile with_overlay(profile::Profile profile);
profile::Profile with_published(profile::Profile profile, const std::vector<PortMapping>& ports);

/// syscalls.cc
SyscallPolicy choose_syscalls(const Inputs& inputs, const std::optional<Storage>& storage);
Chosen<Landlock> choose_landlock(const Inputs& inputs, const std::vector<MountStep>& mounts);
/// errno's number for a name such as "EPERM"; kKillProcess for "kill". Throws kProfileInvalid.
int error_number(const std::string& name, const Origin& origin);

/// network.cc
Chosen<Network> choose_network(const Inputs& inputs);
/// allowlist.cc, with kAllowlist only. `mounts` say which of the tools' settings the session could write. Throws
/// kProfileInvalid for a preset whose tool is not configured, or whose configuration the session can write.
Chosen<NetworkAllowlist> choose_allowlist(const Inputs& inputs, const Workspace& workspace,
                                          const std::vector<MountStep>& mounts);

}  // namespace clawbox::plan
