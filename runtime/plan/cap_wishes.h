// What a profile asks of the session's control group, one wish for each line that is written into its files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/inputs.h"
#include "plan/themes.h"

namespace clawbox::plan {

/// Why no group holds a cap, and what would change that.
struct Obstacle {
  std::string cause, remedy;

  friend bool operator==(const Obstacle&, const Obstacle&) = default;
};

struct CapWish {
  std::string controller;
  GroupCap cap;
  std::optional<FallbackLimit> fallback{};
  std::string fallback_name{};         // for people
  std::optional<Obstacle> obstacle{};  // even where the controller is to be had

  std::string text() const { return cap.name + " " + cap.shown; }
  /// Its word in limits.allow_missing.
  std::string allowed_as() const { return controller == "io" ? "io" : cap.name; }
};

std::vector<CapWish> wishes_of(const profile::Profile::Limits& limits);

/// io_wishes.cc: for each disk behind the workspace and what else the session can write.
std::vector<CapWish> io_wishes_of(const Inputs& inputs, const Workspace& workspace,
                                  const std::vector<MountStep>& mounts, const std::optional<Storage>& storage);

}  // namespace clawbox::plan
