// The steps that show something, collected in any order and then put in theirs: a directory before what is below it.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace clawbox::plan {

/// Who wins where two steps have the same place: the later rank.
enum class Rank { kHome, kRead, kWrite, kTmpfs, kWorkspace, kSystem };

class Layout {
 public:
  void add(Rank rank, MountAction action, const Origin& origin, std::string reason);
  /// Takes out what `unwanted` says about a step.
  template <class Predicate>
  void drop(Predicate unwanted) {
    std::erase_if(shown_, [&](const Shown& shown) { return unwanted(shown.step); });
  }
  bool has(const std::string& target) const;
  /// Parents first, one step for each place, no bind that an earlier one shows already in the same way.
  std::vector<MountStep> in_order() const;

 private:
  struct Shown {
    Rank rank;
    MountStep step;
  };
  std::vector<Shown> shown_;
};

}  // namespace clawbox::plan
