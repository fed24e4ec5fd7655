#include "profile/key_tables.h"

namespace clawbox::profile {
namespace {

using P = Profile;

constexpr std::string_view kStores[] = {"auto", "quota", "loop", "tmpfs", "fuse", "watch"};
constexpr std::string_view kEnforcements[] = {"hard", "best-effort"};
constexpr std::string_view kFallbacks[] = {"none", "rlimit"};
constexpr std::string_view kGroupCaps[] = {"memory",     "memory_high", "swap",      "cpu",
                                           "cpu_weight", "cpuset",      "processes", "io"};
constexpr std::string_view kAllProcessors[] = {"all"};
constexpr std::string_view kOwnChoice[] = {"auto"};

// A tmpfs of size 0 is one without a limit, so the least is what a tmpfs can sensibly be.
constexpr Range kTmpfsSize{64 * kKiB, kPiB};
// What the session's own first process, and the tables of its namespaces, need before the command runs.
constexpr Range kSessionMemory{16 * kMiB, kPiB};
constexpr Range kPercents{1, 1000000};
// Below that a program that is not in memory yet would take minutes to start.
constexpr Range kIoBytes{kMiB, kPiB};
constexpr Range kIoOperations{16, 1ULL << 32};
constexpr Range kProcesses{4, 4194304};

constexpr Key kKeys[] = {
    {"limits.memory", Kind::kSize, field<&P::limits, &P::Limits::memory>, "memory = \"4GiB\"",
     "Memory of all processes together, with what they keep in tmpfs; at least 16MiB.", kSessionMemory},
    {"limits.memory_high", Kind::kSize, field<&P::limits, &P::Limits::memory_high>, "memory_high = \"3GiB\"",
     "Memory above which the kernel takes pages back and slows the session down, below `memory`, which ends it. "
     "Without swap, what cannot be taken back makes it crawl.",
     kSessionMemory},
    {"limits.swap", Kind::kSize, field<&P::limits, &P::Limits::swap>, "swap = \"0\"",
     "Swap space of all processes together.", kAnySize},
    {"limits.disk", Kind::kSize, field<&P::limits, &P::Limits::disk>, "disk = \"8GiB\"",
     "What all files that the session writes may take on the disk: hard with an overlay workspace; else each file is "
     "held to it, and a session that adds more to its workspace is ended.",
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
     "root an ext4 image (`loop`); our own file server over a directory of the host (`fuse`); memory, which is gone at "
     "the end (`tmpfs`); or the plain directory, looked at (`watch`). `auto` takes the first that keeps what was "
     "written and works here.",
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
     "it: with less the session does not start, or stands still.",
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
     "can write; at least 1MiB.",
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
     "own; or a directory of cgroup v2 that an administrator gave away.",
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
};

}  // namespace

std::span<const Key> limit_keys() { return kKeys; }

}  // namespace clawbox::profile
