#include <sys/resource.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

/// Seconds that RLIMIT_CPU leaves to the supervisor, whose count comes first and can say which cap it was.
constexpr uint64_t kCpuBelt = 5;

class Wishes {
 public:
  explicit Wishes(const Host& host) : host_(host) {}

  void add(int resource, const char* name, uint64_t value, const Origin& origin, std::string why) {
    const auto hard = host_.hard_limits.find(resource);
    // setrlimit(2): a hard limit goes down without privilege and never up.
    if (hard != host_.hard_limits.end() && hard->second < value) {
      why += fmt::format("; lowered from {} to the caller's own hard limit", value);
      value = hard->second;
    }
    chosen.value.rlimits.push_back({resource, name, value, origin});
    chosen.notes.push_back({fmt::format("limit {}", name), std::move(why), origin});
  }

  void add(int resource, const char* name, const profile::Optional<uint64_t>& wish, std::string why) {
    if (wish) add(resource, name, wish->value, wish->origin, std::move(why));
  }

  Chosen<Limits> chosen;

 private:
  const Host& host_;
};

uint64_t seconds_rounded_up(std::chrono::milliseconds time) {
  return static_cast<uint64_t>((std::max<int64_t>(time.count(), 0) + 999) / 1000);
}

const char* reason_of(const FallbackLimit& limit) {
  if (limit.resource == RLIMIT_NPROC)
    return "threads of the session; the kernel counts them in the session's own user namespace";
  return "memory that one process may write to and shares with nobody; in place of a cap on all of them";
}

// As Linux gives it by default. It is the size of a new thread's stack too, and that is data: no more than is usual.
constexpr uint64_t kStack = uint64_t{8} << 20;

void add_fallbacks(const Host& host, const std::vector<FallbackLimit>& limits, bool has_stack, Wishes& wishes) {
  for (const FallbackLimit& limit : limits) {
    wishes.add(limit.resource, limit.name, limit.value, limit.origin, reason_of(limit));
    if (limit.resource == RLIMIT_DATA && !has_stack)
      wishes.add(RLIMIT_STACK, "stack", kStack, limit.origin, "the stack is no data: RLIMIT_DATA lets it grow");
    if (limit.resource != RLIMIT_NPROC || kernel_at_least(host.kernel, 5, 14)) continue;
    wishes.chosen.shortfalls.push_back(
        {fmt::format("processes {} counts too much", limit.value),
         "before Linux 5.14 RLIMIT_NPROC counts every process of the caller, not only the session's",
         "Linux 5.14 or later", limit.origin});
  }
}

// A runaway writer is stopped at the disk cap at least in each single file.
void add_file_size(const profile::Profile::Limits& limits, Wishes& wishes) {
  if (limits.file_size) {
    wishes.add(RLIMIT_FSIZE, "fsize", limits.file_size->value, limits.file_size->origin, "one file");
    return;
  }
  wishes.add(RLIMIT_FSIZE, "fsize", limits.disk, "one file, from limits.disk");
}

// At 0 the kernel writes no file and still starts the program that core_pattern names, as root of the host; it skips
// the program at exactly 1 (kernel, fs/coredump.c).
void add_core(const Host& host, Wishes& wishes) {
  if (!host.core_dumps_piped) {
    wishes.add(RLIMIT_CORE, "core", 0, kByDefault, "no memory image is left on the host");
    return;
  }
  wishes.add(RLIMIT_CORE, "core", 1, kByHost,
             "core_pattern names a program of the host, which the kernel starts at 0 and does not at 1");
  if (wishes.chosen.value.rlimits.back().value == 1) return;
  wishes.chosen.shortfalls.push_back({"a program of the host is given the memory of what crashes",
                                      "core_pattern names it, and the caller's own hard limit does not let it be left "
                                      "out",
                                      "a hard limit of at least 1 on core files (limits.conf(5))", kByHost});
}

void add_rlimits(const Inputs& inputs, Wishes& wishes) {
  const auto& limits = inputs.profile.limits;
  add_core(inputs.host, wishes);
  wishes.add(RLIMIT_NICE, "nice", 0, kByDefault, "no higher priority");
  wishes.add(RLIMIT_RTPRIO, "rtprio", 0, kByDefault, "no real-time class");
  add_file_size(limits, wishes);
  wishes.add(RLIMIT_NOFILE, "nofile", limits.open_files, "open files of one process");
  wishes.add(RLIMIT_AS, "as", limits.address_space, "address space of one process");
  wishes.add(RLIMIT_STACK, "stack", limits.stack, "stack of one thread");
  wishes.add(RLIMIT_MEMLOCK, "memlock", limits.locked_memory, "locked memory");
  wishes.add(RLIMIT_MSGQUEUE, "msgqueue", limits.message_queues, "POSIX message queues");
  wishes.add(RLIMIT_SIGPENDING, "sigpending", limits.pending_signals, "queued signals");
  if (limits.cpu_time)
    wishes.add(RLIMIT_CPU, "cpu", seconds_rounded_up(limits.cpu_time->value) + kCpuBelt, limits.cpu_time->origin,
               "seconds of one process: a belt for limits.cpu_time, which counts all of them");
}

// No mount can cap a directory of the host's own; of the workspace, see choose_storage.
void add_unapplied(const profile::Profile& profile, std::vector<Shortfall>& shortfalls) {
  const auto& disk = profile.limits.disk;
  if (!disk || profile.files.write.empty()) return;
  shortfalls.push_back({fmt::format("disk {} caps each file and not their sum", size_text(disk->value)),
                        "files.write names the host's own directories", "leave files.write out", disk->origin});
}

template <class T>
void move_to_end(std::vector<T>& list, std::vector<T>&& more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Chosen<Limits> choose_limits(const Inputs& inputs, const Workspace& workspace, const std::vector<MountStep>& mounts,
                             const std::optional<Storage>& storage) {
  Wishes wishes(inputs.host);
  add_rlimits(inputs, wishes);
  Chosen<Caps> caps = choose_caps(inputs, workspace, mounts, storage);
  add_fallbacks(inputs.host, caps.value.fallbacks, inputs.profile.limits.stack.has_value(), wishes);
  wishes.chosen.value.group = std::move(caps.value.group);
  move_to_end(wishes.chosen.shortfalls, std::move(caps.shortfalls));
  add_unapplied(inputs.profile, wishes.chosen.shortfalls);
  wishes.chosen.value.time = inputs.profile.limits.time;
  wishes.chosen.value.cpu_time = inputs.profile.limits.cpu_time;
  wishes.chosen.value.reserve = inputs.profile.limits.reserve;
  return std::move(wishes.chosen);
}

}  // namespace clawbox::plan
