#include <algorithm>

#include "plan/paths.h"
#include "plan/view_parts.h"

namespace clawbox::plan {
namespace {

// What the kernel's own documentation, container engines and past escapes name. Locks: writing steers the host.
constexpr const char* kLocked[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"};
// Covers: reading tells about other users, addresses of the kernel, or power and timing of the machine.
// What only root of the host may read (kmsg, slabinfo, iomem) needs no cover: nobody inside is root of the host.
constexpr const char* kCovered[] = {
    "/proc/kcore",      "/proc/keys",          "/proc/key-users",  "/proc/timer_list", "/proc/timer_stats",
    "/proc/scsi",       "/proc/acpi",          "/proc/interrupts", "/proc/kallsyms",   "/proc/sched_debug",
    "/proc/kpagecount", "/proc/latency_stats", "/proc/kpageflags", "/proc/asound",     "/proc/kpagecgroup",
};
constexpr const char* kCoveredInSys[] = {"/sys/firmware", "/sys/kernel", "/sys/power",
                                         "/sys/module",   "/sys/fs",     "/sys/devices/virtual/powercap"};
const char* const kNodes[] = {"null", "zero", "full", "random", "urandom", "tty"};

constexpr uint64_t kBytesPerInode = 4096;
constexpr uint64_t kMostInodes = 1 << 20;
constexpr uint64_t kFewestInodes = 64;

uint64_t inodes_for(uint64_t size) { return std::clamp(size / kBytesPerInode, kFewestInodes, kMostInodes); }

mode_t mode_for(const std::string& target) {
  // Sticky and for all, as programs expect of the places for temporary files.
  return name_of(target) == "tmp" ? 01777 : 0755;
}

void add_tmpfs(const ViewContext& context, Layout& layout) {
  const auto& profile = context.inputs.profile;
  const uint64_t size = profile.limits.tmp.value;
  for (const profile::PathRule& rule : profile.files.tmpfs) {
    const std::string place = host_place(context.inputs, context.workspace, rule);
    if (place.empty()) continue;
    const std::string target = rule.at.empty() ? inside_place(context.workspace, place) : normal_path(rule.at);
    layout.add(Rank::kTmpfs, Tmpfs{target, size, inodes_for(size), mode_for(target)}, rule.origin,
               rule.reason.empty() ? "private and empty" : rule.reason);
  }
}

void add_home(const ViewContext& context, Layout& layout) {
  const auto& wish = context.inputs.profile.limits.home;
  layout.add(Rank::kHome, Tmpfs{context.identity.home, wish.value, inodes_for(wish.value), 0700}, wish.origin,
             "a private home: the caller's stays out");
}

}  // namespace

void add_system(const ViewContext& context, Layout& layout) {
  const auto& profile = context.inputs.profile;
  const bool pids = profile.files.proc.value == profile::ProcView::kPids;
  layout.add(Rank::kSystem, Proc{"/proc", pids}, profile.files.proc.origin, "the session's own processes");
  if (profile.files.sysfs.value)
    layout.add(Rank::kSystem, Sysfs{"/sys"}, profile.files.sysfs.origin, "asked for by the profile");
  layout.add(Rank::kSystem, Devices{"/dev", {std::begin(kNodes), std::end(kNodes)}, profile.limits.shm.value},
             profile.limits.shm.origin, "only devices that do nothing");
  add_tmpfs(context, layout);
  add_home(context, layout);
  if (context.other_root.empty()) return;
  for (const char* place : {"/tmp", "/run"})
    if (!layout.has(place))
      layout.add(Rank::kTmpfs,
                 Tmpfs{place, profile.limits.tmp.value, inodes_for(profile.limits.tmp.value), mode_for(place)},
                 profile.files.root.origin, "made anew with a root directory of the profile");
}

std::vector<MountStep> proc_guards(const ViewContext& context) {
  std::vector<MountStep> steps;
  const auto& files = context.inputs.profile.files;
  // With subset=pid the kernel shows none of them.
  if (files.proc.value == profile::ProcView::kMasked) {
    for (const char* path : kLocked)
      steps.push_back({Lock{path, true}, files.proc.origin, "it steers the host's kernel"});
    for (const char* path : kCovered)
      steps.push_back({Cover{path, true}, files.proc.origin, "it tells about the host"});
  }
  if (files.sysfs.value)
    for (const char* path : kCoveredInSys)
      steps.push_back({Cover{path, true}, files.sysfs.origin, "it tells about the host"});
  return steps;
}

}  // namespace clawbox::plan
