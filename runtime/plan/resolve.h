// The decision: a profile, the facts of the host and a request become one Plan.
//
// A pure function of its arguments, `FileView` included: the same answers give the same Plan. Throws Error with the
// exit status of what cannot be: kUsage, kWorkspaceUnusable, kPathMissing (all missing paths in one message),
// kStateUnusable, kFeatureMissing, kNotSupported, kProfileInvalid. What will be weaker than the profile wishes is a
// Shortfall, never silence.
#pragma once

#include "plan/file_view.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "profile/profile.h"

namespace clawbox::plan {

/// Whether a plan needs to know where control groups could be made: Host::control_groups.
bool wants_group(const profile::Profile::Limits& limits, const CapWords& words);
/// What a plan wants tried, in this order, until one works with these caps: Host::stores. Empty where it has no overlay
/// workspace. storage.cc
struct StoreWish {
  std::vector<Storage::Backing> order;
  uint64_t bytes = 0, files = 0;
};
StoreWish stores_to_try(const profile::Profile& profile, const Request& request);
/// For questions that start nothing, and so need no control group: overrides.cc.
profile::Profile without_group_caps(profile::Profile profile);

Plan resolve(const profile::Profile& profile, const Host& host, const FileView& files, const Request& request);

}  // namespace clawbox::plan
