// Facts of the host and of the caller, asked once and then plain values: a test makes up its own.
//
// Nothing here changes the kernel. Facts can be stale by the time launch/ acts on them; launch/ then fails, never
// weakens.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace clawbox::plan {

/// The first range of the caller in /etc/subuid or /etc/subgid: subuid(5).
struct SubordinateIds {
  uint32_t start = 0;
  uint32_t count = 0;
};

/// Where the control groups of a session could be made: cgroups(7). Nothing of it is tried.
struct GroupFacts {
  bool unified = false;                  // /sys/fs/cgroup is of version 2, and so has the controllers
  std::string manager;                   // socket of the caller's own systemd; empty: none
  std::string directory;                 // where we would make them; the manager's own group where it would
  bool writable = false;                 // for us, and not only to read
  bool populated = false;                // processes live in it, so it can give nothing new to its children
  std::vector<std::string> controllers;  // that its children can have
  bool is_group = true;                  // `directory` is one of cgroup v2
};

/// Whether a store works here: tried by doing it.
struct StoreFact {
  Storage::Backing backing = Storage::Backing::kFuse;
  std::string why_not;  // empty: it does
};

struct Host {
  enum class Caller {
    kOrdinary,
    kRoot
  } caller = Caller::kOrdinary;  // kRoot: CAP_SYS_ADMIN over the initial namespaces
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups;  // supplementary, without `gid`
  std::string user;           // name, or the number where there is none
  std::string home;           // real path; $HOME only where the caller owns it
  std::string shell;
  std::string directory;  // current, real path
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> state_dirs;  // clawbox's own: configuration, state, cache, runtime
  std::map<int, uint64_t> hard_limits;  // RLIMIT_… → hard limit of the caller

  std::string kernel;  // "6.1.0-18-amd64"
  bool time_namespaces = false;
  int landlock_abi = 0;  // 0: none
  uint64_t page_size = 4096;
  bool core_dumps_piped = false;  // core_pattern names a program, which the kernel starts as root: core(5)

  GroupFacts control_groups;  // only where the profile has caps for one: group_facts()

  std::vector<StoreFact> stores;  // only where the plan has an overlay: stores_to_try(), up to the first that works

  std::string no_tproxy;  // why connections cannot be steered with nf_tables, where the profile has an allow-list

  std::optional<SubordinateIds> subordinate_uids, subordinate_gids;
  bool id_map_programs = false;  // newuidmap(1) and newgidmap(1) on the system's path
};

/// The host id, user and group, of a session that `host`'s caller starts as root: one that owns nothing.
uint32_t session_id_for_root(const Host& host);

/// Asks the kernel, the environment and /etc. Throws SysError where a fact without which nothing works is refused.
Host look_at_host();

/// `wanted`: the profile's limits.cgroup, "auto" or a directory.
GroupFacts group_facts(const Host& host, const std::string& wanted);

/// The name that /etc/passwd gives to `uid`; then what the name service switch says; else nothing.
struct Account {
  std::string name, home, shell;
};
std::optional<Account> account_of(uid_t uid);

/// "6.1.0-18-amd64" ≥ 5.14?
bool kernel_at_least(const std::string& release, int major, int minor);

}  // namespace clawbox::plan
