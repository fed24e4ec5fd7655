// The `[[test]]` entries of a profile, compared with a Plan.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plan/host.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace clawbox::plan {

/// "hidden": nothing of the host can be seen there. "writable": the session can write there; a path below its own tmpfs
/// is both. "read-only": something can be seen there and not written.
struct Disappointment {
  std::string what;  // the path or the call, as written
  std::string expected;
  std::string found;
  Origin origin;
};

/// What the compiled filter answers: "allow", an errno's name, "kill".
using SyscallAnswer = std::function<std::string(const std::string& call, const std::vector<uint64_t>& arguments)>;

/// The expectations that the Plan does not meet, in the order of the profile.
std::vector<Disappointment> disappointments(const std::vector<profile::Expectation>& expectations, const Plan& plan,
                                            const Host& host, const SyscallAnswer& syscall_answer);

}  // namespace clawbox::plan
