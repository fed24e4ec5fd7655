// What resolve() is made of: its inputs in one place, and the answer of each theme with what `explain` should tell.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/file_view.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "profile/profile.h"

namespace clawbox::plan {

struct Inputs {
  const profile::Profile& profile;
  const Host& host;
  const FileView& files;
  const Request& request;
};

/// A part of the Plan, and its share of the lists that belong to the whole.
template <class T>
struct Chosen {
  T value{};
  std::vector<Shortfall> shortfalls;
  std::vector<Note> notes;
  std::vector<Note> absent;
};

/// Moves the value out and the lists into `plan`.
template <class T>
T taken(Plan& plan, Chosen<T> chosen) {
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(plan.shortfalls, chosen.shortfalls);
  append(plan.notes, chosen.notes);
  append(plan.absent, chosen.absent);
  return std::move(chosen.value);
}

inline const Origin kByDefault{"default", 0};
inline const Origin kByHost{"host", 0};
inline const Origin kByCommandLine{"command line", 0};

}  // namespace clawbox::plan
