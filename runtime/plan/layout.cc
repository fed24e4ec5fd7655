#include "plan/layout.h"

#include <algorithm>

#include "plan/paths.h"
#include "plan/seen.h"

namespace clawbox::plan {
namespace {

// The nearest step above decides; all binds are recursive.
const MountStep* nearest_above(const std::vector<MountStep>& steps, const std::string& target) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    if (is_below(target, target_of(step->action))) return &*step;
  return nullptr;
}

bool shown_already(const std::vector<MountStep>& before, const MountStep& step) {
  const auto* bind = std::get_if<Bind>(&step.action);
  const MountStep* above = bind ? nearest_above(before, bind->target) : nullptr;
  const auto* outer = above ? std::get_if<Bind>(&above->action) : nullptr;
  return outer && outer->access == bind->access && outer->ownership == bind->ownership &&
         moved(bind->target, outer->target, outer->source) == bind->source;
}

}  // namespace

void Layout::add(Rank rank, MountAction action, const Origin& origin, std::string reason) {
  shown_.push_back({rank, {std::move(action), origin, std::move(reason)}});
}

bool Layout::has(const std::string& target) const {
  return std::any_of(shown_.begin(), shown_.end(),
                     [&](const Shown& shown) { return target_of(shown.step.action) == target; });
}

std::vector<MountStep> Layout::in_order() const {
  std::vector<const Shown*> sorted;
  for (const Shown& shown : shown_) sorted.push_back(&shown);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Shown* left, const Shown* right) {
    const std::string &a = target_of(left->step.action), &b = target_of(right->step.action);
    return a != b ? parent_first(a, b) : left->rank > right->rank;
  });
  std::vector<MountStep> steps;
  for (const Shown* shown : sorted) {
    if (!steps.empty() && target_of(steps.back().action) == target_of(shown->step.action)) continue;
    if (!shown_already(steps, shown->step)) steps.push_back(shown->step);
  }
  return steps;
}

}  // namespace clawbox::plan
