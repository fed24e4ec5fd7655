// Mistakes are collected, never thrown: a writer of profiles wants to see all of them at once.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "profile/profile.h"

namespace clawbox::profile {

/// A place in a profile file; line and column are 1-based, 0 where there is none.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  Origin origin() const { return Origin{file, line}; }
};

class Mistakes {
 public:
  void add(const Place& place, std::string what) {
    found_.push_back({place.file, place.line, place.column, std::move(what)});
  }
  /// No mistake of the writer's: a later release knows it.
  void postpone(const Place& place, std::string_view what) {
    add(place, fmt::format("{} comes with a later release", what));
    found_.back().later = true;
  }
  /// A mistake of ownership, permissions or an administrator's lock: it has an exit status of its own.
  void refuse(const Place& place, std::string what) {
    refused_ = true;
    add(place, std::move(what));
  }
  void append(std::vector<Diagnostic> others) {
    for (Diagnostic& other : others) found_.push_back(std::move(other));
  }

  bool refused() const { return refused_; }
  const std::vector<Diagnostic>& found() const { return found_; }

 private:
  std::vector<Diagnostic> found_;
  bool refused_ = false;
};

}  // namespace clawbox::profile
