// Caps on all processes together: which a control group holds, which a limit on each process stands in for, and which
// end the run before it starts.
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "plan/groups.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

// cpu.max is counted anew in each period; the kernel's own default.
constexpr uint64_t kCpuPeriod = 100'000;

struct Wish {
  std::string controller;
  GroupCap cap;
  std::optional<FallbackLimit> fallback;
  std::string fallback_name{};  // for people

  std::string text() const { return cap.name + " " + cap.shown; }
};

// memory.high stays open: without swap a group above it is put to sleep again and again, so that a runaway would hang
// until `time` ends it, and memory.max reclaims before it kills just as well.
void add_memory(const profile::Profile::Limits& limits, std::vector<Wish>& wishes) {
  // Not the address space, of which V8, Go and Java reserve much more than they ever use.
  if (limits.memory)
    wishes.push_back({"memory",
                      {"memory", size_text(limits.memory->value), "memory.max", std::to_string(limits.memory->value),
                       limits.memory->origin},
                      FallbackLimit{RLIMIT_DATA, "data", limits.memory->value, limits.memory->origin},
                      "RLIMIT_DATA of each process"});
  if (limits.swap)
    wishes.push_back({"memory",
                      {"swap", size_text(limits.swap->value), "memory.swap.max", std::to_string(limits.swap->value),
                       limits.swap->origin},
                      {}});
}

void add_processors(const profile::Profile::Limits& limits, std::vector<Wish>& wishes) {
  if (limits.cpu)
    wishes.push_back({"cpu",
                      {"cpu", fmt::format("{}%", limits.cpu->value), "cpu.max",
                       fmt::format("{} {}", limits.cpu->value * kCpuPeriod / 100, kCpuPeriod), limits.cpu->origin},
                      {}});
  if (limits.cpu_weight) {
    const std::string weight = std::to_string(limits.cpu_weight->value);
    wishes.push_back({"cpu", {"cpu_weight", weight, "cpu.weight", weight, limits.cpu_weight->origin}, {}});
  }
  if (limits.cpuset.value != "all")
    wishes.push_back(
        {"cpuset", {"cpuset", limits.cpuset.value, "cpuset.cpus", limits.cpuset.value, limits.cpuset.origin}, {}});
}

void add_processes(const profile::Profile::Limits& limits, std::vector<Wish>& wishes) {
  if (!limits.processes) return;
  const std::string count = std::to_string(limits.processes->value);
  wishes.push_back({"pids",
                    {"processes", count, "pids.max", count, limits.processes->origin},
                    FallbackLimit{RLIMIT_NPROC, "nproc", limits.processes->value, limits.processes->origin},
                    "RLIMIT_NPROC"});
}

std::vector<Wish> wishes_of(const profile::Profile::Limits& limits) {
  std::vector<Wish> wishes;
  add_memory(limits, wishes);
  add_processors(limits, wishes);
  add_processes(limits, wishes);
  return wishes;
}

/// Why no group holds a cap, and what would change that.
struct Obstacle {
  std::string cause, remedy;
};

Obstacle obstacle_to(const std::vector<std::string>& controllers, const Inputs& inputs) {
  const std::string cause = fmt::format("{} does not give the controller {}",
                                        in_quotes(inputs.host.control_groups.directory), joined(controllers, ", "));
  if (inputs.host.control_groups.manager.empty())
    return {cause, "an administrator adds it to cgroup.subtree_control above"};
  return {
      cause,
      "sudo systemctl edit user@.service, with the lines `[Service]` and `Delegate=cpu cpuset io memory pids`; then "
      "log in anew"};
}

class Choice {
 public:
  explicit Choice(const Inputs& inputs)
      : inputs_(inputs), offer_(group_offer(inputs.host, inputs.profile.limits.cgroup.value)) {}

  void add(Wish wish) {
    const profile::Profile::Limits& limits = inputs_.profile.limits;
    if (has(wish.controller)) return hold(std::move(wish));
    miss(wish.controller);
    if (limits.fallback.value == profile::Fallback::kRlimit && wish.fallback) return stand_in(wish);
    const bool allowed = std::any_of(limits.allow_missing.begin(), limits.allow_missing.end(),
                                     [&](const auto& name) { return name.value == wish.cap.name; });
    (allowed ? let_go_ : refused_).push_back(std::move(wish));
  }

  Chosen<Caps> taken() {
    if (!refused_.empty()) refuse();
    tell();
    ControlGroup& group = chosen_.value.group;
    if (group.caps.empty()) return std::move(chosen_);
    // Pages of hugetlbfs do not count as memory: the group forbids them where it can.
    if (has("hugetlb")) group.controllers.emplace_back("hugetlb");
    group.maker = offer_.group.maker;
    group.directory = offer_.group.directory;
    group.origin = inputs_.profile.limits.cgroup.origin;
    return std::move(chosen_);
  }

 private:
  bool has(const std::string& controller) const {
    const auto& known = inputs_.host.control_groups.controllers;
    return offer_.group.maker != ControlGroup::Maker::kNone &&
           std::find(known.begin(), known.end(), controller) != known.end();
  }
  void hold(Wish wish) {
    std::vector<std::string>& controllers = chosen_.value.group.controllers;
    if (std::find(controllers.begin(), controllers.end(), wish.controller) == controllers.end())
      controllers.push_back(wish.controller);
    chosen_.value.group.caps.push_back(std::move(wish.cap));
  }
  void miss(const std::string& controller) {
    if (std::find(missing_.begin(), missing_.end(), controller) == missing_.end()) missing_.push_back(controller);
  }
  void stand_in(const Wish& wish) {
    chosen_.value.fallbacks.push_back(*wish.fallback);
    stood_in_.push_back(fmt::format("{} by {}", wish.text(), wish.fallback_name));
  }
  Obstacle obstacle() const {
    if (offer_.group.maker == ControlGroup::Maker::kNone) return {offer_.cause, offer_.remedy};
    return obstacle_to(missing_, inputs_);
  }

  [[noreturn]] void refuse() const {
    std::vector<std::string> texts, names;
    for (const Wish& wish : refused_) {
      texts.push_back(fmt::format("{} ({})", wish.text(), to_string(wish.cap.origin)));
      names.push_back('"' + wish.cap.name + '"');
    }
    const Obstacle why = obstacle();
    throw Error(ExitStatus::kFeatureMissing,
                fmt::format("caps that cannot be held: {}: {}", joined(texts, ", "), why.cause),
                fmt::format("{}; or limits.allow_missing = [{}] in the profile, for a weaker run", why.remedy,
                            joined(names, ", ")));
  }

  void tell() {
    const Obstacle why = stood_in_.empty() && let_go_.empty() ? Obstacle{} : obstacle();
    if (!stood_in_.empty())
      chosen_.shortfalls.push_back(
          {joined(stood_in_, ", "), why.cause, why.remedy, inputs_.profile.limits.fallback.origin});
    std::vector<std::string> texts;
    for (const Wish& wish : let_go_) texts.push_back(wish.text());
    if (!texts.empty())
      chosen_.shortfalls.push_back(
          {fmt::format("no cap {}", joined(texts, ", ")), why.cause, why.remedy, let_go_.front().cap.origin});
  }

  const Inputs& inputs_;
  const GroupOffer offer_;
  std::vector<std::string> missing_, stood_in_;
  std::vector<Wish> let_go_, refused_;
  Chosen<Caps> chosen_;
};

}  // namespace

Chosen<Caps> choose_caps(const Inputs& inputs) {
  Choice choice(inputs);
  for (Wish& wish : wishes_of(inputs.profile.limits)) choice.add(std::move(wish));
  return choice.taken();
}

}  // namespace clawbox::plan
