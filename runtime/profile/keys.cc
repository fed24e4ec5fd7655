#include "profile/keys.h"

#include <algorithm>
#include <iterator>

namespace clawbox::profile {
namespace {

using P = Profile;

template <auto kTable, auto kMember>
constexpr auto field = +[](Profile& profile) -> auto& {
  return profile.*kTable.*kMember;
};

template <auto kMember>
constexpr auto top_field = +[](Profile& profile) -> auto& {
  return profile.*kMember;
};

template <auto kTable, auto kMember>
void set_choice(Profile& profile, uint64_t choice, const Origin& origin) {
  auto& decided = profile.*kTable.*kMember;
  decided = {static_cast<decltype(decided.value)>(choice), origin};
}

template <auto kTable, auto kMember>
Decided<uint64_t> get_choice(Profile& profile) {
  const auto& decided = profile.*kTable.*kMember;
  return {static_cast<uint64_t>(decided.value), decided.origin};
}

template <auto kTable, auto kMember>
constexpr ChoiceField choice{&set_choice<kTable, kMember>, &get_choice<kTable, kMember>};

constexpr std::string_view kWorkspaceModes[] = {"none", "ro", "rw", "overlay"};
constexpr std::string_view kNetworkModes[] = {"none", "allowlist", "host"};
constexpr std::string_view kEchPolicies[] = {"refuse", "allow"};
constexpr std::string_view kProcViews[] = {"masked", "pids"};
constexpr std::string_view kFences[] = {"auto", "required", "off"};
constexpr std::string_view kAuditLevels[] = {"session", "exec", "syscall"};
constexpr std::string_view kAuditSyncs[] = {"none", "end", "each"};
constexpr std::string_view kStores[] = {"auto", "quota", "loop", "tmpfs", "fuse", "watch"};
constexpr std::string_view kEnforcements[] = {"hard", "best-effort"};
constexpr std::string_view kFallbacks[] = {"none", "rlimit"};
constexpr std::string_view kGroupCaps[] = {"memory",     "memory_high", "swap",      "cpu",
                                           "cpu_weight", "cpuset",      "processes", "io"};
constexpr std::string_view kAllProcessors[] = {"all"};
constexpr std::string_view kOwnChoice[] = {"auto"};
constexpr std::string_view kSamePlace[] = {"same"};
constexpr std::string_view kHostRoot[] = {"host"};

constexpr uint64_t kKiB = 1ULL << 10;
constexpr uint64_t kMiB = 1ULL << 20;
constexpr uint64_t kPiB = 1ULL << 50;
constexpr uint64_t kYear = 365ULL * 24 * 3600 * 1000;

// A tmpfs of size 0 is one without a limit, so the least is what a tmpfs can sensibly be.
constexpr Range kTmpfsSize{64 * kKiB, kPiB};
constexpr Range kAnySize{0, kPiB};
constexpr Range kTime{1, 10 * kYear};
constexpr Range kMemory{kMiB, kPiB};
// What the session's own first process, and the tables of its namespaces, need before the command runs.
constexpr Range kSessionMemory{16 * kMiB, kPiB};
constexpr Range kPercents{1, 1000000};
// Below that a program that is not in memory yet would take minutes to start.
constexpr Range kIoBytes{kMiB, kPiB};
constexpr Range kIoOperations{16, 1ULL << 32};
constexpr Range kProcesses{4, 4194304};

constexpr Key kKeys[] = {
    {"version", Kind::kVersion, {}, "version = 1", "The version of the profile language; required, and always 1."},
    {"extends",
     Kind::kParents,
     {},
     "extends = \"base\"",
     "The profile, or a list of profiles, to start from; of several the later wins."},
    {"description", Kind::kText, top_field<&P::description>, "description = \"Edit and build one repository\"",
     "One line for `profile list`."},

    {"workspace.mode",
     Kind::kChoice,
     choice<&P::workspace, &P::Workspace::mode>,
     "mode = \"rw\"",
     "How the workspace is seen: not at all, read-only, writable, or as a layer that is reviewed later.",
     {},
     kWorkspaceModes},
    {"workspace.at",
     Kind::kPlace,
     field<&P::workspace, &P::Workspace::at>,
     "at = \"/workspace\"",
     "Where the workspace is inside: `same` as on the host, or an absolute path.",
     {},
     kSamePlace},

    {"files.root",
     Kind::kPlace,
     field<&P::files, &P::Files::root>,
     "root = \"/srv/rootfs/debian\"",
     "What the view is made of: the `host`, or a directory that holds a root file system.",
     {},
     kHostRoot},
    {"files.read", Kind::kPaths, field<&P::files, &P::Files::read>, "read = [\"/usr\", \"/opt?\"]",
     "What can be read and executed."},
    {"files.write", Kind::kPaths, field<&P::files, &P::Files::write>,
     "write = [{ path = \"~/.cache/ccache?\", reason = \"compiler cache\" }]",
     "What can also be written, on the host."},
    {"files.hide", Kind::kPaths, field<&P::files, &P::Files::hide>, "hide = [\"/etc/ssh/ssh_host_*_key?\"]",
     "What is covered although a directory around it can be read; beats `read` and `write`."},
    {"files.tmpfs", Kind::kPaths, field<&P::files, &P::Files::tmpfs>, "tmpfs = [\"/tmp\", \"/run\"]",
     "Empty, private, writable directories that are gone at the end."},
    {"files.protect", Kind::kPatterns, field<&P::files, &P::Files::protect>, "protect = [\".git/hooks\", \".vscode\"]",
     "What stays read-only in a writable workspace, at its top and at the top of every repository in it."},
    {"files.proc",
     Kind::kChoice,
     choice<&P::files, &P::Files::proc>,
     "proc = \"pids\"",
     "What /proc shows: the usual files with the dangerous ones covered, or processes only.",
     {},
     kProcViews},
    {"files.sysfs", Kind::kBool, field<&P::files, &P::Files::sysfs>, "sysfs = true",
     "Whether there is a read-only /sys; GPU libraries need one."},

    {"limits.memory", Kind::kSize, field<&P::limits, &P::Limits::memory>, "memory = \"4GiB\"",
     "Memory of all processes together, with what they keep in tmpfs; at least 16MiB.", kSessionMemory},
    {"limits.memory_high", Kind::kSize, field<&P::limits, &P::Limits::memory_high>, "memory_high = \"3GiB\"",
     "Memory above which the kernel takes pages back and slows the session down, below `memory`, which ends it. "
     "Without "
     "swap, what cannot be taken back makes it crawl.",
     kSessionMemory},
    {"limits.swap", Kind::kSize, field<&P::limits, &P::Limits::swap>, "swap = \"0\"",
     "Swap space of all processes together.", kAnySize},
    {"limits.disk", Kind::kSize, field<&P::limits, &P::Limits::disk>, "disk = \"8GiB\"",
     "What all files that the session writes may take on the disk: hard with an overlay workspace; else each file is "
     "held "
     "to it, and a session that adds more to its workspace is ended.",
     kMemory},
    {"limits.files",
     Kind::kCount,
     field<&P::limits, &P::Limits::files>,
     "files = 200000",
     "How many files and directories a session may make in an overlay workspace; without it one for every 4KiB of "
     "`disk`.",
     {16, 1ULL << 40}},
    {"limits.store",
     Kind::kChoice,
     choice<&P::limits, &P::Limits::store>,
     "store = \"auto\"",
     "What holds the writes of an overlay workspace: a project quota that an administrator prepared (`quota`); for "
     "root "
     "an ext4 image (`loop`); our own file server over a directory of the host (`fuse`); memory, which is gone at the "
     "end (`tmpfs`); or the plain directory, looked at (`watch`). `auto` takes the first that keeps what was written "
     "and works here.",
     {},
     kStores},
    {"limits.enforce",
     Kind::kChoice,
     choice<&P::limits, &P::Limits::enforce>,
     "enforce = \"best-effort\"",
     "Whether `disk` and `files` of an overlay workspace must hold, or the session may run where they are only looked "
     "at, and be ended when it is over them (`watch`).",
     {},
     kEnforcements},
    {"limits.reserve", Kind::kSize, field<&P::limits, &P::Limits::reserve>, "reserve = \"1GiB\"",
     "What stays free on each file system of the host that the session or its trail fills, but at most a twentieth of "
     "it: "
     "with less the session does not start, or stands still.",
     kAnySize},
    {"limits.cpu", Kind::kPercent, field<&P::limits, &P::Limits::cpu>, "cpu = \"200%\"",
     "Processor time of all processes together, in percent of one processor.", kPercents},
    {"limits.cpu_weight",
     Kind::kCount,
     field<&P::limits, &P::Limits::cpu_weight>,
     "cpu_weight = 50",
     "The session's share where sessions compete for processors; the kernel gives 100 to everybody.",
     {1, 10000}},
    {"limits.cpuset",
     Kind::kProcessors,
     field<&P::limits, &P::Limits::cpuset>,
     "cpuset = \"0-3,8\"",
     "The processors that the session may run on.",
     {},
     kAllProcessors},
    {"limits.io_read", Kind::kSize, field<&P::limits, &P::Limits::io_read>, "io_read = \"50MiB\"",
     "Bytes a second that all processes together read from each disk behind the workspace and what else the session "
     "can "
     "write; at least 1MiB.",
     kIoBytes},
    {"limits.io_write", Kind::kSize, field<&P::limits, &P::Limits::io_write>, "io_write = \"50MiB\"",
     "The same for bytes written.", kIoBytes},
    {"limits.io_read_operations", Kind::kCount, field<&P::limits, &P::Limits::io_read_operations>,
     "io_read_operations = 2000", "The same for reads a second; at least 16.", kIoOperations},
    {"limits.io_write_operations", Kind::kCount, field<&P::limits, &P::Limits::io_write_operations>,
     "io_write_operations = 2000", "The same for writes a second.", kIoOperations},
    {"limits.io_weight",
     Kind::kCount,
     field<&P::limits, &P::Limits::io_weight>,
     "io_weight = 50",
     "The session's share of a busy disk; the kernel gives 100 to everybody.",
     {1, 10000}},
    {"limits.processes", Kind::kCount, field<&P::limits, &P::Limits::processes>, "processes = 512",
     "Processes and threads together; at least 4.", kProcesses},
    {"limits.time", Kind::kDuration, field<&P::limits, &P::Limits::time>, "time = \"2h\"",
     "Wall-clock time of the session; of a lasting one (`clawbox create`), of each command.", kTime},
    {"limits.cpu_time", Kind::kDuration, field<&P::limits, &P::Limits::cpu_time>, "cpu_time = \"1h\"",
     "Processor time that all processes together may use up.", kTime},
    {"limits.cgroup",
     Kind::kPlace,
     field<&P::limits, &P::Limits::cgroup>,
     "cgroup = \"/sys/fs/cgroup/agents\"",
     "Where the session's control group is made: `auto` is a scope of the caller's systemd, and for root one of its "
     "own; "
     "or a directory of cgroup v2 that an administrator gave away.",
     {},
     kOwnChoice},
    {"limits.fallback",
     Kind::kChoice,
     choice<&P::limits, &P::Limits::fallback>,
     "fallback = \"rlimit\"",
     "What holds `memory` and `processes` where no control group can: nothing, so that the run is refused, or "
     "RLIMIT_DATA of each process and RLIMIT_NPROC.",
     {},
     kFallbacks},
    {"limits.allow_missing",
     Kind::kNames,
     field<&P::limits, &P::Limits::allow_missing>,
     "allow_missing = [\"cpu\"]",
     "Caps of a control group that may be missing where nothing can hold them, `io` for all of `io_*`; any other ends "
     "the run before it starts.",
     {},
     kGroupCaps},
    {"limits.max_memory", Kind::kSize, field<&P::limits, &P::Limits::max_memory>, "max_memory = \"8GiB\"",
     "How far `run --memory` may go; without it no higher than `memory`.", kSessionMemory},
    {"limits.max_disk", Kind::kSize, field<&P::limits, &P::Limits::max_disk>, "max_disk = \"16GiB\"",
     "The same for `run --disk`.", kMemory},
    {"limits.max_cpu", Kind::kPercent, field<&P::limits, &P::Limits::max_cpu>, "max_cpu = \"400%\"",
     "The same for `run --cpu`.", kPercents},
    {"limits.max_processes", Kind::kCount, field<&P::limits, &P::Limits::max_processes>, "max_processes = 2048",
     "The same for `run --processes`.", kProcesses},
    {"limits.max_time", Kind::kDuration, field<&P::limits, &P::Limits::max_time>, "max_time = \"12h\"",
     "The same for `run --time`.", kTime},
    {"limits.tmp", Kind::kSize, field<&P::limits, &P::Limits::tmp>, "tmp = \"1GiB\"",
     "The size of each directory that `files.tmpfs` names.", kTmpfsSize},
    {"limits.shm", Kind::kSize, field<&P::limits, &P::Limits::shm>, "shm = \"64MiB\"", "The size of /dev/shm.",
     kTmpfsSize},
    {"limits.home", Kind::kSize, field<&P::limits, &P::Limits::home>, "home = \"256MiB\"",
     "The size of the private home directory.", kTmpfsSize},
    {"limits.open_files",
     Kind::kCount,
     field<&P::limits, &P::Limits::open_files>,
     "open_files = 65536",
     "Open files of each process.",
     {16, 1048576}},
    {"limits.pending_signals",
     Kind::kCount,
     field<&P::limits, &P::Limits::pending_signals>,
     "pending_signals = 4096",
     "Queued signals of all processes together.",
     {1, 4194304}},
    {"limits.file_size",
     Kind::kSize,
     field<&P::limits, &P::Limits::file_size>,
     "file_size = \"2GiB\"",
     "The largest file that a process can write.",
     {1, kPiB}},
    {"limits.address_space",
     Kind::kSize,
     field<&P::limits, &P::Limits::address_space>,
     "address_space = \"64GiB\"",
     "The address space of each process; sanitizers and garbage collectors reserve much more than they use.",
     {16 * kMiB, kPiB}},
    {"limits.stack",
     Kind::kSize,
     field<&P::limits, &P::Limits::stack>,
     "stack = \"8MiB\"",
     "The stack of each process.",
     {64 * kKiB, kPiB}},
    {"limits.locked_memory", Kind::kSize, field<&P::limits, &P::Limits::locked_memory>, "locked_memory = \"64KiB\"",
     "Memory that a process may lock.", kAnySize},
    {"limits.message_queues", Kind::kSize, field<&P::limits, &P::Limits::message_queues>, "message_queues = \"800KiB\"",
     "Bytes in POSIX message queues.", kAnySize},

    {"network.mode",
     Kind::kChoice,
     choice<&P::network, &P::Network::mode>,
     "mode = \"none\"",
     "No network, named hosts only, or everything that the host reaches.",
     {},
     kNetworkModes},
    {"network.allow", Kind::kHosts, field<&P::network, &P::Network::allow>,
     "allow = [{ host = \"git.example.org\", ports = [22, 443], reason = \"clone and fetch\" }, { preset = \"npm\" }]",
     "With `mode = \"allowlist\"`, what can be reached: a `host` (`*.example.org` is every name below it), an "
     "`address` or "
     "a prefix, or the hosts that a tool of the caller is configured for (`preset`). An empty list means nothing."},
    {"network.ech",
     Kind::kChoice,
     choice<&P::network, &P::Network::ech>,
     "ech = \"refuse\"",
     "Whether a TLS client may hide the name of the server it wants.",
     {},
     kEchPolicies},
    {"network.publish", Kind::kMappings, field<&P::network, &P::Network::publish>,
     "publish = [\"127.0.0.1:8080:3000\"]",
     "Ports of the host that end at ports of the session: ADDRESS:PORT:INSIDE, or PORT:INSIDE on 127.0.0.1."},
    {"network.host_ports", Kind::kPorts, field<&P::network, &P::Network::host_ports>, "host_ports = [5432]",
     "Ports of the host's 127.0.0.1 that the session finds at its own 127.0.0.1."},
    {"network.bytes", Kind::kSize, field<&P::network, &P::Network::bytes>, "bytes = \"2GiB\"",
     "What all connections of the session together may carry, both ways; after that they end.", kMemory},
    {"network.connections",
     Kind::kCount,
     field<&P::network, &P::Network::connections>,
     "connections = 1024",
     "Connections at one time; 1024 where nothing is said.",
     {1, 100000}},
    {"network.total_connections",
     Kind::kCount,
     field<&P::network, &P::Network::total_connections>,
     "total_connections = 100000",
     "Connections in the life of a session.",
     {1, 1ULL << 40}},
    {"network.name_length",
     Kind::kCount,
     field<&P::network, &P::Network::name_length>,
     "name_length = 64",
     "Letters of a name before the part that a wildcard states: names can carry secrets to a domain's own name "
     "servers. "
     "64 where nothing is said.",
     {1, 250}},
    {"network.names",
     Kind::kCount,
     field<&P::network, &P::Network::names>,
     "names = 1000",
     "Different names below wildcards in the life of a session; 1000 where nothing is said.",
     {1, 100000}},
    {"network.name_rate",
     Kind::kCount,
     field<&P::network, &P::Network::name_rate>,
     "name_rate = 120",
     "New names below wildcards a minute; 120 where nothing is said.",
     {1, 100000}},

    {"identity.as_root", Kind::kBool, field<&P::identity, &P::Identity::as_root>, "as_root = true",
     "Whether the session sees itself as root; it has no more rights by that."},
    {"identity.subordinate_ids", Kind::kBool, field<&P::identity, &P::Identity::subordinate_ids>,
     "subordinate_ids = true", "Whether the caller's subordinate ids are mapped, for programs that change users."},
    {"identity.nested_user_namespaces", Kind::kBool, field<&P::identity, &P::Identity::nested_user_namespaces>,
     "nested_user_namespaces = true",
     "Whether programs may make user namespaces of their own, up to 32, as browsers do for their sandbox. They need "
     "the "
     "calls too: `@namespace` and `@chroot` in both `refuse_remove` and `allow_add`."},
    {"identity.hostname", Kind::kHostname, field<&P::identity, &P::Identity::hostname>, "hostname = \"clawbox\"",
     "The host name inside."},

    {"environment.pass", Kind::kNames, field<&P::environment, &P::Environment::pass>, "pass = [\"LANG\", \"LC_*\"]",
     "The variables of the caller that pass, by name or by a prefix that ends in `*`; those that steer a loader or an "
     "interpreter never do."},
    {"environment.set", Kind::kVariables, field<&P::environment, &P::Environment::set>, "set = { CI = \"1\" }",
     "Variables with a fixed value; beats `pass`."},

    {"syscalls.allow", Kind::kSyscalls, field<&P::syscalls, &P::Syscalls::allow>,
     "allow = [\"@default\", { call = \"personality\", arg = 0, equals = 0x40000 }]",
     "System calls and groups that work; what is not named answers ENOSYS."},
    {"syscalls.refuse", Kind::kSyscalls, field<&P::syscalls, &P::Syscalls::refuse>,
     "refuse = [{ call = \"@debug\", error = \"EPERM\", reason = \"nothing to debug here\" }]",
     "System calls and groups that are refused with an error, or `kill`; beats `allow`."},
    {"syscalls.landlock",
     Kind::kChoice,
     choice<&P::syscalls, &P::Syscalls::landlock>,
     "landlock = \"required\"",
     "Whether Landlock is a second fence: where the kernel has it, or else no start, or never.",
     {},
     kFences},

    {"audit.level",
     Kind::kChoice,
     choice<&P::audit, &P::Audit::level>,
     "level = \"exec\"",
     "What is recorded: the session; every program and every refused call too; or totals of the noted calls as well.",
     {},
     kAuditLevels},
    {"audit.required", Kind::kBool, field<&P::audit, &P::Audit::required>, "required = true",
     "Whether a trail that cannot be written ends the run; if not, the gap is recorded."},
    {"audit.calls", Kind::kSyscalls, field<&P::audit, &P::Audit::calls>,
     "calls = [\"connect\", \"unlink\", \"@mount\"]",
     "System calls and groups that are recorded although they are allowed, with their arguments; each costs some "
     "microseconds."},
    {"audit.environment_names", Kind::kBool, field<&P::audit, &P::Audit::environment_names>, "environment_names = true",
     "Whether the names of each program's variables are recorded; values never are."},
    {"audit.journal", Kind::kBool, field<&P::audit, &P::Audit::journal>, "journal = true",
     "Whether each record is copied to syslog(3), which systemd's journal takes."},
    {"audit.sync",
     Kind::kChoice,
     choice<&P::audit, &P::Audit::sync>,
     "sync = \"end\"",
     "When records are forced to the disk, so that a power failure cannot lose them: never, at the end, or each one.",
     {},
     kAuditSyncs},
    {"audit.rotate", Kind::kSize, field<&P::audit, &P::Audit::rotate>, "rotate = \"64MiB\"",
     "The size at which a trail goes on in a further file.", kMemory},
    {"audit.keep", Kind::kDuration, field<&P::audit, &P::Audit::keep>, "keep = \"90d\"",
     "The age at which trails are deleted.", kTime},
    {"audit.keep_size", Kind::kSize, field<&P::audit, &P::Audit::keep_size>, "keep_size = \"1GiB\"",
     "The size of all trails together beyond which the oldest are deleted.", kMemory},

    {"lock.keys",
     Kind::kLockedKeys,
     {},
     "keys = [\"network.mode\"]",
     "Administrator only: keys that no user's profile may set; what the same file sets them to holds for all."},
    {"test", Kind::kTests, top_field<&P::tests>, "test = [{ path = \"~/.ssh\", expect = \"hidden\" }]",
     "What `profile check` must find: a path is hidden, read-only or writable; a syscall is allowed or answers an "
     "error."},
};

}  // namespace

bool is_list(Kind kind) {
  switch (kind) {
    case Kind::kNames:
    case Kind::kPaths:
    case Kind::kPatterns:
    case Kind::kSyscalls:
    case Kind::kHosts:
    case Kind::kMappings:
    case Kind::kPorts:
      return true;
    default:
      return false;
  }
}

std::span<const Key> keys() { return kKeys; }

const Key* find_key(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::string_view table_of(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view last_part(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace clawbox::profile
