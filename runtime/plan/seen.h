// What a path inside will be, read off the Plan alone: the steps are played through in the mind.
//
// It does not know what exists: below a read-only bind of /usr every path counts as the host's, there or not.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace clawbox::plan {

struct Seen {
  enum class Content {
    kNothing,  // covered, or no step shows anything there
    kHost,     // files of the host
    kOwn,      // made for the session: a tmpfs, a file, /proc, /dev
  } content = Content::kNothing;
  enum class Write { kRefused, kPossible } write = Write::kRefused;
  std::string host_path;          // with kHost
  const MountStep* by = nullptr;  // the step that decided
};

/// Links that the Plan itself makes (/bin → usr/bin) are followed.
Seen seen(const std::vector<MountStep>& mounts, const std::string& path);

/// The place inside that a step is about.
const std::string& target_of(const MountAction& action);

}  // namespace clawbox::plan
