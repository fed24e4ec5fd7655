// The decision: everything that one session will be, as plain values. No functions, no kernel, no profile.
//
// The Plan is the narrow waist. `explain` prints it, `run` executes it, and nothing to the right of it reads a profile.
// Sizes are bytes, paths absolute. "Inside" is the sandbox's view, "host" the caller's.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/network_rule.h"
#include "base/origin.h"

namespace clawbox {

/// kCopyOnWrite: what is written goes to Plan::storage, and the host's tree stays as it is.
enum class Access { kReadOnly, kReadWrite, kCopyOnWrite };

/// Whose the files of a bind look like. kMapped: the files of `Identity::file_owner` look like the session's user, by
/// an id-mapped mount; only for callers with CAP_SYS_ADMIN (root), whose session runs on a host id that owns nothing.
enum class Ownership { kAsOnHost, kMapped };

struct Bind {  // a host file or tree, with everything mounted below it
  std::string source;
  std::string target;
  Access access = Access::kReadOnly;
  Ownership ownership = Ownership::kAsOnHost;
};
struct Tmpfs {  // empty, private, gone at the end
  std::string target;
  uint64_t size = 0;
  uint64_t inodes = 0;
  mode_t mode = 0755;
};
struct Proc {  // a new proc of the session's own process namespace
  std::string target;
  bool only_processes = false;  // subset=pid
};
struct Sysfs {  // read-only, of the session's own network namespace
  std::string target;
};
struct Devices {  // a small /dev: nodes bound from the host, a devpts and a sized shm of its own
  std::string target;
  std::vector<std::string> nodes;
  uint64_t shm_size = 0;
};
struct File {  // made by clawbox, read-only, covers what the host has there
  std::string target;
  std::string content;
};
struct Symlink {
  std::string target;
  std::string points_to;
};
struct Cover {  // what is there can be seen neither in name nor in content
  std::string target;
  bool may_be_absent = false;
};
struct Lock {  // what is there becomes read-only, where it is
  std::string target;
  bool may_be_absent = false;
};
struct Pin {  // what is there stays writable and cannot be renamed or removed
  std::string target;
};
using MountAction = std::variant<Bind, Tmpfs, Proc, Sysfs, Devices, File, Symlink, Cover, Lock, Pin>;

/// Steps are carried out in order, so a later one covers an earlier one.
struct MountStep {
  MountAction action;
  Origin origin;
  std::string reason;
};

struct Command {
  std::vector<std::string> argv;                                 // at least one word
  std::string directory;                                         // inside
  std::vector<std::pair<std::string, std::string>> environment;  // sorted by name; nothing else is passed
};

struct Workspace {
  enum class Mode { kNone, kReadOnly, kReadWrite, kOverlay } mode = Mode::kNone;
  std::string host;  // empty with kNone
  std::string inside;
  std::vector<std::string> protect;  // patterns below the workspace; those that exist are `Lock` steps
  Origin origin;
};

struct IdRange {
  uint32_t inside = 0;
  uint32_t host = 0;
  uint32_t count = 1;
};
struct Identity {
  uint32_t uid = 0;  // inside
  uint32_t gid = 0;
  std::vector<IdRange> uid_map, gid_map;                               // of the outer user namespace
  enum class Writer { kSelf, kHelper, kRoot } writer = Writer::kSelf;  // kHelper: newuidmap(1), newgidmap(1)
  enum class Groups { kDropped, kKept } groups = Groups::kKept;        // supplementary groups of the caller
  std::optional<IdRange> file_owner;  // host: owner on disk, inside: the session's host id (see Ownership::kMapped)
  std::optional<IdRange> file_group;
  std::string user;  // name inside
  std::string home;  // inside
  std::string hostname;
  bool nested_user_namespaces = false;  // a few
  bool time_namespace = false;
};

struct ArgumentTest {
  unsigned index = 0;  // 0–5
  uint64_t mask = 0;
  uint64_t equals = 0;
};
struct SyscallRule {
  std::string call;                 // a name, or "@group"
  std::vector<ArgumentTest> tests;  // all must hold; none: always
  int error = 0;                    // refuse only: errno; kKillProcess
  std::string reason;
  Origin origin;
};
inline constexpr int kKillProcess = -1;

/// Refusals beat what is allowed. What is not named answers ENOSYS. Foreign ABIs (i386, x32) kill the process.
struct SyscallPolicy {
  std::vector<SyscallRule> allow, refuse;
  /// Calls of which the supervisor is told before they are made. If there are any, it is told of every refusal by a
  /// rule too.
  std::vector<SyscallRule> noted;
};

struct Landlock {
  enum class Fence { kOff, kOn } fence = Fence::kOff;
  std::vector<std::string> writable;  // inside; everything else can be read and executed, as far as it is visible
};

/// What TLS clients may do whose hello hides the name of the server (RFC 9849).
enum class Ech { kRefuse, kAllow };

/// Of names below an allowed `*.domain`, each of which could carry bytes to the domain's own name servers.
struct NameLimits {
  uint64_t length = 64;       // letters before the part that the rule states
  uint64_t count = 1000;      // different names in the life of a session
  uint64_t per_minute = 120;  // new ones
};

/// Addresses that stand for names inside the session. The first usable address of each is the listeners' own.
struct SyntheticRanges {
  IpPrefix v4;  // 198.18.0.0/15
  IpPrefix v6;  // fdc1:a3b0:c1a0:1::/64
};

/// What listens on the host and ends at a port of the session's 127.0.0.1, or ::1 where only that answers. TCP.
struct PublishedPort {
  IpAddress address;  // of the host
  uint16_t port = 0;
  uint16_t inside = 0;
  Origin origin;
};

/// An HTTP proxy of the host through which connections to names leave (CONNECT), from the caller's https_proxy.
struct UpstreamProxy {
  std::string host;
  uint16_t port = 0;
  std::string credentials;            // "user:password", never shown; empty: none
  std::vector<std::string> no_proxy;  // canonical names (also what is below them), addresses, prefixes, or "*"
  Origin origin;                      // "host": the variable is in `variable`
  std::string variable;               // "https_proxy"
};

/// What one preset became, for `explain`; its rules are among the others.
struct ResolvedPreset {
  std::string name;
  struct Source {
    std::string host;  // as in the rule
    std::string file;  // the tool's own configuration, or "environment NAME"
    int line = 0;
  };
  std::vector<Source> sources;
  Origin origin;
};

struct NetworkAllowlist {
  std::vector<NetworkRule> rules;  // of all presets too; none: nothing can be reached
  std::vector<ResolvedPreset> presets;
  Ech ech = Ech::kRefuse;
  NameLimits names;
  SyntheticRanges synthetic;
  std::vector<PublishedPort> publish;
  std::vector<Decided<uint16_t>> host_ports;  // of the host's 127.0.0.1, at the same port of the session's
  std::optional<Decided<uint64_t>> bytes;     // both ways together, of the session
  Decided<uint64_t> connections{1024};        // at one time
  std::optional<Decided<uint64_t>> total_connections;
  std::optional<UpstreamProxy> upstream;
  /// How a connection finds its way to the listeners. kTproxy: nf_tables, any port. kAnyIp: one listener per name and
  /// port, so no wildcards, ranges and prefixes.
  enum class Steering { kTproxy, kAnyIp } steering = Steering::kTproxy;
};

struct Network {
  enum class Mode { kNone, kHost, kAllowlist } mode = Mode::kNone;
  Origin origin;
  std::optional<NetworkAllowlist> allowlist;  // with kAllowlist
};

struct Rlimit {
  int resource = 0;    // RLIMIT_…
  std::string name;    // as in prlimit(1): "nofile"
  uint64_t value = 0;  // soft and hard
  Origin origin;
};

/// One cap of the session as a whole, held by a control group: kernel, Documentation/admin-guide/cgroup-v2.rst.
struct GroupCap {
  std::string name;   // key of the profile: "memory"
  std::string shown;  // for people: "4GiB"
  std::string file;   // "memory.max"
  std::string value;  // what is written into it
  Origin origin;
};

/// kDirect: below `directory`, which the caller can write. kDelegated: a scope that the caller's systemd makes.
struct ControlGroup {
  enum class Maker { kNone, kDirect, kDelegated } maker = Maker::kNone;
  std::string directory;                 // kDirect: where the session's group is made; kDelegated: the manager's socket
  std::vector<std::string> controllers;  // that the session's groups need
  std::vector<GroupCap> caps;
  Origin origin;
};

struct Limits {
  std::vector<Rlimit> rlimits;                                 // each process
  ControlGroup group;                                          // all processes together
  std::optional<Decided<std::chrono::milliseconds>> time;      // wall clock of the session
  std::optional<Decided<std::chrono::milliseconds>> cpu_time;  // all processes of the session together
  std::optional<Decided<uint64_t>> reserve;                    // bytes that stay free where the session can write
};

/// Where the session keeps what is written copy-on-write; bytes and files are capped together. Of a writable workspace,
/// which is the host's own directory, the bytes that the session adds are watched, and files are not.
struct Storage {
  enum class Backing {
    kQuota,  // project quota on a directory that an administrator prepared
    kLoop,   // an ext4 image, as root
    kTmpfs,  // memory: small caps only, gone at the end
    kFuse,   // our own file server over a directory of the host
    kWatch,  // a plain directory, polled: soft
  };
  static constexpr std::array kNames = {"quota", "loop", "tmpfs", "fuse", "watch"};  // as in a profile
  Backing backing = Backing::kFuse;
  struct PassedOver {
    Backing backing = Backing::kQuota;
    std::string why;
  };
  std::vector<PassedOver> passed_over;  // what `auto` would rather have had
  uint64_t bytes = 0;
  uint64_t files = 0;
  Origin origin;
  Origin chosen_by;  // the backing
};

struct Audit {
  enum class Level { kSession, kExec, kSyscall } level = Level::kSession;
  enum class Sync { kNone, kEnd, kEach } sync = Sync::kNone;  // when records are on disk for certain: fdatasync(2)
  bool required = true;                                       // what cannot be recorded does not run
  bool environment_names = false;                             // of each exec; never values
  bool journal = false;                                       // a copy of each record to syslog(3)
  uint64_t rotate = 0;                                        // bytes of a segment
  uint64_t keep_size = 0;                                     // bytes of all trails together
  std::chrono::milliseconds keep{};                           // age of what is deleted
  Origin origin;
};

/// Something that the profile asks for and this session will not have, or a promise that the profile opens knowingly.
struct Shortfall {
  std::string what;  // "memory 4GiB"
  std::string why;
  std::string remedy;
  Origin origin;
  /// kLoud: said at the start of each run in a line of its own, which nothing hides.
  enum class Weight { kUsual, kLoud } weight = Weight::kUsual;
};

/// What `explain` tells and `run` does not need: why a value is as it is, or an optional path that is not there.
struct Note {
  std::string what;  // "environment PATH", "limit nofile"; of an absent thing: its path
  std::string why;
  Origin origin;
};

struct ProfileFacts {
  std::string name;
  std::string description;
  std::vector<std::string> sources;  // nearest first
};

struct Plan {
  ProfileFacts profile;
  Command command;
  Workspace workspace;
  std::vector<MountStep> mounts;
  Identity identity;
  Network network;
  SyscallPolicy syscalls;
  Landlock landlock;
  Limits limits;
  std::optional<Storage> storage;  // with a copy-on-write Bind, or a writable workspace
  Audit audit;
  std::vector<Shortfall> shortfalls;
  std::vector<Note> notes;   // for `explain` only
  std::vector<Note> absent;  // what the profile names and this session does not show; for `explain` only
};

}  // namespace clawbox
