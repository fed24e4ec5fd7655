#include "session/probes.h"

#include <string_view>

namespace clawbox::session {
namespace {

constexpr auto kRequired = Need::kRequired;
constexpr auto kOptional = Need::kOptional;

constexpr const char* kNothingRuns = "no session can start";
constexpr const char* kUserNamespaces =
    "a kernel with CONFIG_USER_NS and the other namespaces, and a system that allows them";
constexpr const char* kRoot =
    "run clawbox as the ordinary user who owns the workspace, or keep it on ext4, XFS, btrfs or tmpfs (Linux 6.3)";
constexpr const char* kDelegate = "`systemctl --user status` shows whether your service manager works";
constexpr const char* kHelpers =
    "install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora) or shadow (Arch)";

const Probe kProbes[] = {
    {"pidfd", kRequired, kNothingRuns, "Linux 5.4 or later", try_pidfd},
    {"close-range", kRequired, "descriptors of the caller could leak into the session: no session can start",
     "Linux 5.9 or later", try_close_range},
    {"openat2", kRequired, "paths could lead out of the new root: no session can start", "Linux 5.6 or later",
     try_openat2},
    {"namespaces", kRequired, kNothingRuns, kUserNamespaces, try_namespaces},
    {"time-namespace", kOptional, "the session reads the host's uptime", "Linux 5.6 or later with CONFIG_TIME_NS",
     try_time_namespace},
    {"id-map", kRequired, kNothingRuns, kUserNamespaces, try_id_map},
    {"id-map-helpers", kOptional, "profiles with identity.subordinate_ids do not run", kHelpers, try_id_map_helpers},
    {"mounts", kRequired, kNothingRuns,
     "Linux 5.12 or later, and a security module that allows mounts in a user namespace", try_mounts},
    {"read-only-tree", kRequired, "the host's system files cannot be made read-only: no session can start",
     "Linux 5.12 or later", try_read_only_tree},
    {"owner-mapping", kRequired, "root's sessions cannot write to a workspace", kRoot, try_owner_mapping},
    {"proc", kRequired, "the session would see the host's processes: no session can start",
     "a /proc outside that is not masked", try_proc},
    {"namespace-lock", kRequired, "programs inside could make user namespaces of their own: no session can start",
     kUserNamespaces, try_namespace_lock},
    {"loopback", kRequired, "profiles without the host's network do not run", kUserNamespaces, try_loopback},
    {"seccomp-filter", kRequired, kNothingRuns, "a kernel with CONFIG_SECCOMP_FILTER", try_seccomp_filter},
    {"seccomp-listener", kRequired, "only profiles with audit.level = \"session\" run, which record no exec",
     "Linux 5.5 or later", try_seccomp_listener},
    {"seccomp-wait-killable", kOptional, "signals can make a watched call start again", "Linux 5.19 or later",
     try_wait_killable},
    {"seccomp-sync-wake-up", kOptional, "watched calls are slower", "Linux 6.6 or later", try_sync_wake_up},
    {"landlock", kOptional, "there is no second fence behind the mounts",
     "Linux 5.19 or later (ABI 2) with landlock in the lsm= list of the kernel's command line", try_landlock},
    {"overlay", kOptional, "no overlay workspaces (--overlay)",
     "Linux 5.11 or later with the module overlay: sudo modprobe overlay", try_overlay},
    {"disk-quota", kOptional, "the disk of an overlay workspace is capped on slower ways", "", try_disk_quota},
    {"loop", kOptional, "root's overlay workspaces cannot be ext4 images",
     "sudo apt install e2fsprogs; sudo modprobe loop", try_loop},
    {"fuse", kOptional,
     "no cap on the disk of an overlay workspace but by disk-quota, loop, or in memory (limits.store = \"tmpfs\")",
     "sudo modprobe fuse && sudo chmod 0666 /dev/fuse", try_fuse},
    {"cgroup-delegation", kOptional,
     "no caps on the session as a whole: profiles without limits.fallback do not run, others limit each process",
     kDelegate, try_cgroup_delegation},
    {"cgroup-controllers", kOptional, "no caps cpuset, io_* and io_weight", "", try_cgroup_controllers},
    {"session-slice", kOptional, "sessions stand among your other programs, and cannot be capped together",
     "install clawbox's package, which brings the slice", try_session_slice},
    {"nf-tables", kOptional,
     "named hosts without prefixes of addresses and without UDP, and no record of refused packets",
     "sudo modprobe -a nf_tables nft_tproxy nft_reject_inet nft_log nfnetlink_log", try_nftables},
    {"tracing", kOptional, "gdb and strace do not work inside", "sudo sysctl -w kernel.yama.ptrace_scope=1",
     try_tracing},
};

bool concerns(const Probe& probe, const plan::Host& host) {
  const std::string_view name = probe.name;
  const bool is_root = host.caller == plan::Host::Caller::kRoot;
  if (name == "session-slice") return !is_root;  // only a service manager of one's own has slices of sessions
  return (name != "owner-mapping" && name != "loop") || is_root;
}

}  // namespace

std::vector<Probe> probes_for(const plan::Host& host) {
  std::vector<Probe> probes;
  for (const Probe& probe : kProbes)
    if (concerns(probe, host)) probes.push_back(probe);
  return probes;
}

}  // namespace clawbox::session
