// What the command line says of caps: lower is always allowed, higher only as far as the profile's max_* keys.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "plan/resolve.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

std::string size_word(uint64_t bytes) { return size_text(bytes); }
std::string percent_word(uint64_t percent) { return fmt::format("{}%", percent); }
std::string count_word(uint64_t count) { return std::to_string(count); }
std::string time_word(std::chrono::milliseconds time) { return duration_text(time); }

using Limits = profile::Profile::Limits;
/// What a control group holds, but for the cpuset.
constexpr std::array kGroupCaps{&Limits::memory,
                                &Limits::memory_high,
                                &Limits::swap,
                                &Limits::cpu,
                                &Limits::cpu_weight,
                                &Limits::processes,
                                &Limits::io_read,
                                &Limits::io_write,
                                &Limits::io_read_operations,
                                &Limits::io_write_operations,
                                &Limits::io_weight};

template <class T>
struct Limit {
  const char* name;
  profile::Optional<T>& cap;
  const profile::Optional<T>& most;
  std::string (*word)(T);

  void set(const std::optional<T>& wish) const {
    if (!wish) return;
    const bool lowers = !cap || *wish <= cap->value, within = most && *wish <= most->value;
    // Without a cap of its own the profile may still have said how far one goes.
    if (within || (lowers && (cap || !most))) {
      cap = Decided<T>{*wish, kByCommandLine};
      return;
    }
    const bool by_most = most && (!cap || most->value > cap->value);
    const Decided<T>& bound = by_most ? *most : *cap;
    throw Error(ExitStatus::kUsage,
                fmt::format("--{} {} is more than the profile lets go: {}{} = {} ({})", name, word(*wish),
                            by_most ? "max_" : "", name, word(bound.value), to_string(bound.origin)),
                fmt::format("choose a lower one, or set limits.max_{} in the profile", name));
  }
};

}  // namespace

profile::Profile with_caps(profile::Profile profile, const CapWords& words) {
  profile::Profile::Limits& limits = profile.limits;
  Limit<uint64_t>{"memory", limits.memory, limits.max_memory, size_word}.set(words.memory);
  Limit<uint64_t>{"disk", limits.disk, limits.max_disk, size_word}.set(words.disk);
  Limit<uint64_t>{"cpu", limits.cpu, limits.max_cpu, percent_word}.set(words.cpu);
  Limit<uint64_t>{"processes", limits.processes, limits.max_processes, count_word}.set(words.processes);
  Limit<std::chrono::milliseconds>{"time", limits.time, limits.max_time, time_word}.set(words.time);
  return profile;
}

profile::Profile with_overlay(profile::Profile profile) {
  using profile::WorkspaceMode;
  Decided<WorkspaceMode>& mode = profile.workspace.mode;
  if (mode.value != WorkspaceMode::kReadWrite && mode.value != WorkspaceMode::kOverlay)
    throw Error(ExitStatus::kUsage,
                fmt::format("--overlay: the profile's workspace is {} ({})",
                            mode.value == WorkspaceMode::kNone ? "none" : "read-only", to_string(mode.origin)),
                "use a profile with workspace.mode = \"rw\" or \"overlay\"");
  mode = {WorkspaceMode::kOverlay, kByCommandLine};
  return profile;
}

profile::Profile with_published(profile::Profile profile, const std::vector<PortMapping>& ports) {
  using profile::NetworkMode;
  profile::Profile::Network& network = profile.network;
  if (network.mode.value == NetworkMode::kHost)
    throw Error(ExitStatus::kUsage,
                fmt::format("--publish: the session has the host's own network ({}), where its ports are the host's",
                            to_string(network.mode.origin)),
                "leave it out, or use a profile whose network.mode is \"allowlist\" or \"none\"");
  if (network.mode.value == NetworkMode::kNone) {
    // An inherited list was switched off with the mode: what listens inside is reached, and nothing from inside.
    network.mode = {NetworkMode::kAllowlist, kByCommandLine};
    network.allow.clear();
    network.host_ports.clear();
  }
  for (const PortMapping& port : ports) network.publish.push_back({port, kByCommandLine});
  return profile;
}

profile::Profile without_group_caps(profile::Profile profile) {
  profile::Profile::Limits& limits = profile.limits;
  for (const auto cap : kGroupCaps) (limits.*cap).reset();
  limits.cpuset.value = "all";
  return profile;
}

bool wants_group(const profile::Profile::Limits& limits, const CapWords& words) {
  return std::any_of(kGroupCaps.begin(), kGroupCaps.end(), [&](const auto cap) { return (limits.*cap).has_value(); }) ||
         limits.cpuset.value != "all" || words.memory || words.cpu || words.processes;
}

}  // namespace clawbox::plan
