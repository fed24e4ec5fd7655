// A profile: what somebody wishes, read from TOML, inheritance resolved. No kernel, no host facts.
//
// Every value carries its Origin. What a key means is documented once, in profile/keys.cc (from which the reader, the
// JSON Schema and the table in profiles/README.md come).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/network_rule.h"
#include "base/origin.h"

namespace clawbox::profile {

enum class WorkspaceMode { kNone, kReadOnly, kReadWrite, kOverlay };
enum class StoreKind { kAuto, kQuota, kLoop, kTmpfs, kFuse, kWatch };
enum class Enforcement { kHard, kBestEffort };
enum class NetworkMode { kNone, kAllowlist, kHost };
enum class EchPolicy { kRefuse, kAllow };
enum class ProcView { kMasked, kPids };       // the usual files, dangerous ones covered | processes only (subset=pid)
enum class Fence { kAuto, kRequired, kOff };  // a layer that older kernels lack: Landlock
enum class Fallback { kNone, kRlimit };       // what stands in for a control group
enum class AuditLevel { kSession, kExec, kSyscall };
enum class AuditSync { kNone, kEnd, kEach };

/// One entry of `files.read`, `files.write`, `files.hide`, `files.tmpfs` or `files.protect`.
struct PathRule {
  std::string path;  // as written, without the mark: knows `~`, `$WORKSPACE`, `$SESSION`, and globs in its last parts
  bool optional = false;  // written with a trailing `?`, or `optional = true`
  std::string at;         // the place inside; empty: the same path
  std::string reason;
  Origin origin;
  bool no_links = false;  // on the host no symbolic link may lead to the path, nor be there
};

/// One comparison of a system call's argument: (argument & mask) == equals, in 32 bits where the mask fits in them.
struct ArgumentTest {
  unsigned index = 0;  // 0–5
  uint64_t mask = 0xffffffff;
  uint64_t equals = 0;
};

/// One entry of `syscalls.allow` or `syscalls.refuse`.
struct SyscallRule {
  std::string call;                 // a name, or "@group"
  std::vector<ArgumentTest> tests;  // all must hold; none: always
  std::string error = "EPERM";      // refuse only: errno's name, "ENOSYS", or "kill"
  std::string reason;
  Origin origin;
};

/// One entry of `network.allow`.
struct NetworkWish {
  std::optional<NetworkTarget> target;  // nothing: a preset
  std::string preset;
  std::vector<PortRange> ports;  // none: 80 and 443; a preset brings its own
  bool udp = false;
  Speaks speaks = Speaks::kAuto;
  bool optional = false;  // presets: a tool that is not configured is no mistake
  std::string reason;
  Origin origin;
};

/// One `[[test]]`: what the writer of the profile expects of it.
struct Expectation {
  enum class Subject { kPath, kSyscall } subject = Subject::kPath;
  std::string what;  // a path, or a system call's name
  std::vector<uint64_t> arguments;
  std::string expect;  // path: "hidden" | "read-only" | "writable"; system call: "allow" | an errno's name | "kill"
  Origin origin;
};

template <class T>
using Optional = std::optional<Decided<T>>;
using Bytes = uint64_t;
using Milliseconds = std::chrono::milliseconds;

struct Profile {
  std::string name;
  Origin origin;                     // the file that bears the name
  std::vector<std::string> sources;  // every file that took part, nearest first
  std::string description;

  struct Workspace {
    Decided<WorkspaceMode> mode{WorkspaceMode::kNone};
    Decided<std::string> at{"same"};  // "same", or an absolute path such as /workspace
  } workspace;

  struct Files {
    Decided<std::string> root{"host"};  // "host", or a directory that holds a root file system
    std::vector<PathRule> read, write, hide, tmpfs, protect;
    Decided<ProcView> proc{ProcView::kMasked};
    Decided<bool> sysfs{false};
  } files;

  struct Limits {
    Optional<Bytes> memory, swap, disk, reserve;
    Optional<uint64_t> files;
    Decided<StoreKind> store{StoreKind::kAuto};
    Decided<Enforcement> enforce{Enforcement::kHard};  // of the disk cap
    Optional<uint64_t> cpu;                            // percent of one processor
    Optional<uint64_t> processes;
    Optional<Milliseconds> time, cpu_time;
    Optional<uint64_t> cpu_weight;
    Optional<Bytes> memory_high;
    Optional<Bytes> io_read, io_write;  // a second, of each disk
    Optional<uint64_t> io_read_operations, io_write_operations, io_weight;
    Decided<std::string> cpuset{"all"};               // "all", or a list such as 0-3,8
    Decided<std::string> cgroup{"auto"};              // "auto", or the directory in which groups are made
    Decided<Fallback> fallback{Fallback::kNone};      // for what no control group holds
    std::vector<Decided<std::string>> allow_missing;  // caps without which the session may run
    Optional<Bytes> max_memory, max_disk;             // how far the command line may raise a cap
    Optional<uint64_t> max_cpu, max_processes;
    Optional<Milliseconds> max_time;
    Decided<Bytes> tmp{1ULL << 30}, shm{64ULL << 20}, home{256ULL << 20};
    Optional<uint64_t> open_files, pending_signals;
    Optional<Bytes> file_size, address_space, stack, locked_memory, message_queues;
  } limits;

  struct Network {
    Decided<NetworkMode> mode{NetworkMode::kNone};
    std::vector<NetworkWish> allow;
    Decided<EchPolicy> ech{EchPolicy::kRefuse};
    std::vector<Decided<PortMapping>> publish;
    std::vector<Decided<uint16_t>> host_ports;
    Optional<Bytes> bytes;
    Optional<uint64_t> connections, total_connections;
    Optional<uint64_t> name_length, names, name_rate;  // of names below wildcards
  } network;

  struct Identity {
    Decided<bool> as_root{false};
    Decided<bool> subordinate_ids{false};
    Decided<bool> nested_user_namespaces{false};
    Decided<std::string> hostname{"clawbox"};
  } identity;

  struct Environment {
    std::vector<Decided<std::string>> pass;  // names, or prefixes that end in `*`
    std::map<std::string, Decided<std::string>> set;
  } environment;

  struct Syscalls {
    std::vector<SyscallRule> allow, refuse;
    Decided<Fence> landlock{Fence::kAuto};
  } syscalls;

  struct Audit {
    Decided<AuditLevel> level{AuditLevel::kSession};
    Decided<bool> required{true};
    std::vector<SyscallRule> calls;  // noted although allowed; names and groups only
    Decided<bool> environment_names{false};
    Decided<bool> journal{false};
    Decided<AuditSync> sync{AuditSync::kNone};
    Decided<Bytes> rotate{64ULL << 20};
    Optional<Milliseconds> keep;
    Decided<Bytes> keep_size{1ULL << 30};
  } audit;

  std::vector<Expectation> tests;
};

/// One mistake. `what` is a sentence without the place.
struct Diagnostic {
  std::string file;
  int line = 0;    // 1-based; 0: the file as a whole
  int column = 0;  // 1-based
  std::string what;
  bool later = false;  // what is named is right, and comes with a later release
};
/// "file:line:column: what"
std::string to_string(const Diagnostic& diagnostic);

/// The directories of the search path, nearest first. "Built in" profiles come after the last one.
struct SearchPath {
  std::string user;           // $XDG_CONFIG_HOME/clawbox/profiles
  std::string administrator;  // /etc/clawbox/profiles
  std::string package;        // $datadir/clawbox/profiles
};

/// What came of reading: a profile, or all mistakes at once, or that there is none of that name.
struct Reading {
  std::optional<Profile> profile;
  std::vector<Diagnostic> mistakes;      // not empty: `profile` is empty
  std::vector<std::string> known_names;  // filled when there is no profile of that name
  bool refused = false;                  // a mistake is about ownership, permissions or an administrator's lock

  /// Nothing is wrong, but for what a later release brings.
  bool only_later() const;
};

/// Reads `name` (a name on the search path, or a path with a slash in it) and everything it extends.
/// Files: regular, ≤ 64 KiB, opened once with O_NOFOLLOW, owned by root or the caller, not writable by others.
Reading read(const std::string& name, const SearchPath& where);

/// For `profile list`.
struct Listed {
  std::string name;
  std::string file;  // "built in:coding" for built-in ones
  std::string description;
  bool shadowed = false;  // a nearer file of the same name wins
};
std::vector<Listed> list(const SearchPath& where);

/// The JSON Schema (2020-12) of profile files, and the table of keys for profiles/README.md, from the reader's own
/// table.
std::string json_schema();
std::string keys_as_markdown();

/// Every value of a resolved profile as (key, value as TOML, origin), in the order of the table: for `show` and `diff`.
/// A list gives one for each entry; `environment.set` one for each variable, called "environment.set.NAME".
struct ShownValue {
  std::string key;
  std::string value;
  Origin origin;
};
std::vector<ShownValue> shown(const Profile& profile);

}  // namespace clawbox::profile
