#include <fcntl.h>
#include <linux/magic.h>
#include <mqueue.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

#include "probe/check.h"

namespace probe {
namespace {

constexpr uint64_t kMuch = 4ULL << 30;

Result size_capped(const char* path) {
  struct statfs facts {};
  if (::statfs(path, &facts) < 0 || ::access(path, W_OK) < 0) return holds();
  if (facts.f_type != TMPFS_MAGIC) return open_because(std::string(path) + " is the host's disk");
  const uint64_t size = static_cast<uint64_t>(facts.f_blocks) * static_cast<uint64_t>(facts.f_bsize);
  return size > 0 && size <= kMuch ? holds()
                                   : open_because(std::string(path) + " holds " + std::to_string(size) + " bytes");
}

Result tmp_capped(const Planted&) { return size_capped("/tmp"); }
Result shm_capped(const Planted&) { return size_capped("/dev/shm"); }

Result inodes_capped(const Planted&) {
  for (const char* path : {"/tmp", "/dev/shm"}) {
    struct statvfs facts {};
    if (::access(path, W_OK) < 0 || ::statvfs(path, &facts) < 0) continue;
    if (facts.f_files == 0 || facts.f_files > (4U << 20))
      return open_because(std::string(path) + " has no cap on files");
  }
  return holds();
}

Result no_other_large_place(const Planted& planted) {
  const char* home = std::getenv("HOME");
  std::vector<std::string> places{"/",
                                  "/var/tmp",
                                  "/run",
                                  "/run/lock",
                                  "/var/lock",
                                  "/dev",
                                  "/dev/mqueue",
                                  "/mnt",
                                  "/srv",
                                  "/var/crash",
                                  "/var/spool",
                                  "/opt",
                                  home != nullptr ? home : "/"};
  if (const auto outside = fact(planted, "outside_dir")) places.push_back(*outside);
  for (const std::string& place : places) {
    struct statvfs facts {};
    if (::access(place.c_str(), W_OK) < 0 || ::statvfs(place.c_str(), &facts) < 0) continue;
    if (static_cast<uint64_t>(facts.f_blocks) * facts.f_frsize > kMuch)
      return open_because("large and writable: " + place);
  }
  return holds();
}

rlim_t hard_limit(int resource) {
  rlimit limit{};
  ::syscall(SYS_prlimit64, 0, resource, nullptr, &limit);
  return limit.rlim_max;
}

Result limit_at_most(int resource, rlim_t most) {
  const rlim_t hard = hard_limit(resource);
  return hard <= most ? holds()
                      : open_because("the hard limit is " + (hard == RLIM_INFINITY ? "none" : std::to_string(hard)));
}

Result open_files_capped(const Planted&) { return limit_at_most(RLIMIT_NOFILE, 1U << 20); }
Result locked_memory_capped(const Planted&) { return limit_at_most(RLIMIT_MEMLOCK, 64U << 20); }
Result message_queues_capped(const Planted&) { return limit_at_most(RLIMIT_MSGQUEUE, 819200); }

Result no_core_dumps(const Planted&) { return limit_at_most(RLIMIT_CORE, 1); }

Result hard_limits_fixed(const Planted&) {
  for (const int resource : {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE}) {
    const rlim_t hard = hard_limit(resource);
    if (hard == RLIM_INFINITY) continue;
    const Result result = refused_in_child([&] {
      const rlimit more{hard, hard + 1};
      return ::syscall(SYS_prlimit64, 0, resource, &more, nullptr);
    });
    if (result.verdict != Verdict::kHolds)
      return open_because("limit " + std::to_string(resource) + " could be raised");
  }
  return holds();
}

Result oom_score_fixed(const Planted&) {
  const ChildEnd end = in_child([] {
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    return fd >= 0 && ::write(fd, "-1", 2) == 2 ? 1 : 0;
  });
  return end.exit == 1 ? open_because("oom_score_adj could be lowered") : holds();
}

Result pipes_bounded(const Planted&) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return not_applicable("no pipe could be made");
  const long size = ::fcntl(ends[0], F_SETPIPE_SZ, 2 << 20);
  const Result result = refused(size);
  ::close(ends[0]);
  ::close(ends[1]);
  return result;
}

/// How many descriptors `open` gives until it refuses, but no more than `most`: in a child, with which they go.
int had_of(int most, int (*open)()) {
  constexpr std::size_t kPage = 4096;
  void* shared = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 0;
  int& count = *static_cast<int*>(shared);
  in_child([&] {
    const rlimit files{hard_limit(RLIMIT_NOFILE), hard_limit(RLIMIT_NOFILE)};
    ::setrlimit(RLIMIT_NOFILE, &files);
    while (count < most && open() >= 0) ++count;
    return 0;
  });
  const int had = count;
  ::munmap(shared, kPage);
  return had;
}

Result terminals_capped(const Planted&) {
  constexpr int kMany = 512;
  const int had = had_of(kMany, [] { return ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC); });
  return had < kMany ? holds() : open_because(std::to_string(had) + " pseudo-terminals could be had");
}

Result inotify_capped(const Planted& planted) {
  const auto host = fact(planted, "inotify_instances");
  if (!host) return not_applicable("the host's limit was not told");
  const int most = std::atoi(host->c_str());
  const int had = had_of(most, [] { return ::inotify_init1(IN_CLOEXEC); });
  return had <= most / 2 ? holds() : open_because(std::to_string(had) + " inotify instances could be had");
}

/// Of what is counted by user and has no end on its own: a limit is there, and it is the end.
Result exhausted_at(int resource, rlim_t most, uint64_t unit, const std::function<bool()>& take) {
  const rlim_t hard = hard_limit(resource);
  if (hard > most) return open_because("the hard limit is " + (hard == RLIM_INFINITY ? "none" : std::to_string(hard)));
  const ChildEnd end = in_child([&] {
    const rlimit all{hard, hard};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &all);
    for (uint64_t taken = 0; taken <= hard; taken += unit)
      if (!take()) return 0;
    return 1;
  });
  return end.exit == 1 ? open_because("more than the limit of " + std::to_string(hard) + " could be had") : holds();
}

Result signals_exhausted(const Planted&) {
  return exhausted_at(RLIMIT_SIGPENDING, 1U << 20, 1, [] {
    sigset_t queued;
    ::sigemptyset(&queued);
    ::sigaddset(&queued, SIGRTMIN);
    ::sigprocmask(SIG_BLOCK, &queued, nullptr);
    return ::sigqueue(::getpid(), SIGRTMIN, {}) == 0;
  });
}

Result queues_exhausted(const Planted&) {
  constexpr long kMessages = 10, kSize = 1024;
  static int number = 0;
  return exhausted_at(RLIMIT_MSGQUEUE, 1U << 20, kMessages * kSize, [] {
    mq_attr attributes{};
    attributes.mq_maxmsg = kMessages;
    attributes.mq_msgsize = kSize;
    const std::string name = "/clawbox-probe-" + std::to_string(number++);
    return ::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, &attributes) >= 0;
  });
}

Result locked_memory_exhausted(const Planted&) {
  constexpr std::size_t kPart = 1U << 20;
  return exhausted_at(RLIMIT_MEMLOCK, 64U << 20, kPart, [] {
    void* memory = ::mmap(nullptr, kPart, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && ::mlock(memory, kPart) == 0;
  });
}

Result open_files_exhausted(const Planted&) {
  return exhausted_at(RLIMIT_NOFILE, 1U << 20, 1, [] { return ::dup(2) >= 0; });
}

/// Without a control group a stack of any size would be memory that nobody counts.
Result stack_exhausted(const Planted&) {
  if (hard_limit(RLIMIT_DATA) == RLIM_INFINITY) return not_applicable("memory is not capped by RLIMIT_DATA");
  return limit_at_most(RLIMIT_STACK, 64U << 20);
}

constexpr Check kChecks[] = {
    {"RS03", "the size of /tmp is capped", tmp_capped},
    {"RS04", "the size of /dev/shm is capped", shm_capped},
    {"RS05", "the files in /tmp and /dev/shm are capped", inodes_capped},
    {"RS06", "there is no other large writable place", no_other_large_place},
    {"RS07", "open files are capped", open_files_capped},
    {"RS08", "no core is dumped to the host", no_core_dumps},
    {"RS09", "locked memory is capped", locked_memory_capped},
    {"RS10", "message queues are capped", message_queues_capped},
    {"RS11", "hard limits cannot be raised", hard_limits_fixed},
    {"RS12", "oom_score_adj cannot be lowered", oom_score_fixed},
    {"RS13", "pipes cannot exceed the host's limit", pipes_bounded},
    {"RS14", "pseudo-terminals are capped", terminals_capped},
    {"RS15", "inotify instances are left for the caller", inotify_capped},
    {"RS16", "queued signals end at their limit", signals_exhausted},
    {"RS17", "message queues end at their limit", queues_exhausted},
    {"RS18", "locked memory ends at its limit", locked_memory_exhausted},
    {"RS19", "open files end at their limit", open_files_exhausted},
    {"RS20", "the stack is bounded where memory is capped by process", stack_exhausted},
};

}  // namespace

std::span<const Check> resource_checks() { return kChecks; }

}  // namespace probe
