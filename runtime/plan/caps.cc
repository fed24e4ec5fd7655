// Caps on all processes together: which a control group holds, which a limit on each process stands in for, and which
// end the run before it starts.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "plan/cap_wishes.h"
#include "plan/groups.h"
#include "plan/themes.h"

namespace clawbox::plan {
namespace {

Obstacle obstacle_to(const std::vector<std::string>& controllers, const Inputs& inputs) {
  const GroupFacts& facts = inputs.host.control_groups;
  const std::string cause =
      fmt::format("{} does not give the controller {}", in_quotes(facts.directory), joined(controllers, ", "));
  if (facts.populated)
    return {cause + ", and can give no more while processes live in it", "move them into a group below it"};
  if (facts.manager.empty()) return {cause, "an administrator adds it to cgroup.subtree_control above"};
  return {cause, kDelegateEverything};
}

class Choice {
 public:
  explicit Choice(const Inputs& inputs)
      : inputs_(inputs), offer_(group_offer(inputs.host, inputs.profile.limits.cgroup.value)) {}

  void add(CapWish wish) {
    const profile::Profile::Limits& limits = inputs_.profile.limits;
    if (has(wish.controller) && !wish.obstacle) return hold(std::move(wish));
    if (!has(wish.controller)) miss(wish);
    if (limits.fallback.value == profile::Fallback::kRlimit && wish.fallback) return stand_in(std::move(wish));
    const bool allowed = std::any_of(limits.allow_missing.begin(), limits.allow_missing.end(),
                                     [&](const auto& name) { return name.value == wish.allowed_as(); });
    (allowed ? let_go_ : refused_).push_back(std::move(wish));
  }

  Chosen<Caps> taken() {
    if (!refused_.empty()) refuse();
    tell();
    ControlGroup& group = chosen_.value.group;
    if (group.caps.empty()) return std::move(chosen_);
    // Pages of hugetlbfs do not count as memory: the group forbids them where it can.
    if (has("hugetlb")) group.controllers.emplace_back("hugetlb");
    // What is written by way of the page cache is told apart by whose memory the pages are.
    if (uses("io") && !uses("memory") && has("memory")) group.controllers.emplace_back("memory");
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
  bool uses(const std::string& controller) const {
    const std::vector<std::string>& controllers = chosen_.value.group.controllers;
    return std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
  }
  void hold(CapWish wish) {
    if (!uses(wish.controller)) chosen_.value.group.controllers.push_back(wish.controller);
    chosen_.value.group.caps.push_back(std::move(wish.cap));
  }
  void miss(CapWish& wish) {
    wish.obstacle.reset();  // the controller comes first
    if (std::find(missing_.begin(), missing_.end(), wish.controller) == missing_.end())
      missing_.push_back(wish.controller);
  }
  void stand_in(CapWish wish) {
    chosen_.value.fallbacks.push_back(*wish.fallback);
    stood_in_.push_back(std::move(wish));
  }
  Obstacle obstacle_of(const CapWish& wish) const {
    if (wish.obstacle) return *wish.obstacle;
    if (offer_.group.maker == ControlGroup::Maker::kNone) return {offer_.cause, offer_.remedy};
    return obstacle_to(missing_, inputs_);
  }

  struct Unheld {
    Obstacle why;
    std::vector<std::string> texts;
    Origin origin;  // of the first
  };
  template <class Text>
  std::vector<Unheld> by_obstacle(const std::vector<CapWish>& wishes, const Text& text) const {
    std::vector<Unheld> all;
    for (const CapWish& wish : wishes) {
      Obstacle why = obstacle_of(wish);
      auto known = std::find_if(all.begin(), all.end(), [&](const Unheld& one) { return one.why == why; });
      if (known == all.end()) known = all.insert(all.end(), {std::move(why), {}, wish.cap.origin});
      known->texts.push_back(text(wish));
    }
    return all;
  }

  [[noreturn]] void refuse() const {
    std::vector<std::string> texts, remedies, names;
    const auto with_line = [](const CapWish& wish) {
      return fmt::format("{} ({})", wish.text(), to_string(wish.cap.origin));
    };
    for (const Unheld& one : by_obstacle(refused_, with_line)) {
      texts.push_back(fmt::format("{}: {}", joined(one.texts, ", "), one.why.cause));
      remedies.push_back(one.why.remedy);
    }
    for (const CapWish& wish : refused_)
      if (const std::string name = '"' + wish.allowed_as() + '"'; names.empty() || names.back() != name)
        names.push_back(name);
    throw Error(ExitStatus::kFeatureMissing, "caps that cannot be held: " + joined(texts, "; "),
                fmt::format("{}; or limits.allow_missing = [{}] in the profile, for a weaker run",
                            joined(remedies, "; "), joined(names, ", ")));
  }

  void tell() {
    const auto by_whom = [](const CapWish& wish) { return fmt::format("{} by {}", wish.text(), wish.fallback_name); };
    for (const Unheld& one : by_obstacle(stood_in_, by_whom))
      chosen_.shortfalls.push_back(
          {joined(one.texts, ", "), one.why.cause, one.why.remedy, inputs_.profile.limits.fallback.origin});
    for (const Unheld& one : by_obstacle(let_go_, [](const CapWish& wish) { return wish.text(); }))
      chosen_.shortfalls.push_back(
          {fmt::format("no cap {}", joined(one.texts, ", ")), one.why.cause, one.why.remedy, one.origin});
  }

  const Inputs& inputs_;
  const GroupOffer offer_;
  std::vector<std::string> missing_;
  std::vector<CapWish> stood_in_, let_go_, refused_;
  Chosen<Caps> chosen_;
};

}  // namespace

Chosen<Caps> choose_caps(const Inputs& inputs, const Workspace& workspace, const std::vector<MountStep>& mounts,
                         const std::optional<Storage>& storage) {
  Choice choice(inputs);
  for (CapWish& wish : wishes_of(inputs.profile.limits)) choice.add(std::move(wish));
  for (CapWish& wish : io_wishes_of(inputs, workspace, mounts, storage)) choice.add(std::move(wish));
  return choice.taken();
}

}  // namespace clawbox::plan
