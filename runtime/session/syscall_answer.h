// What the compiled filter of a plan answers to one system call: by evaluating it, not by reading the profile again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "session/directories.h"

namespace clawbox::session {

/// `question`: "NAME" or "NAME,ARG,…", arguments decimal, 0x hexadecimal or, with a leading 0, octal. A few lines of
/// text. Throws Error(kUsage) for a name that is no system call's.
std::string syscall_answer(const Plan& plan, const Directories& directories, const std::string& question);

/// "allow", "kill", or the name of an errno.
std::string syscall_verdict(const Plan& plan, const Directories& directories, const std::string& call,
                            const std::vector<uint64_t>& arguments);

}  // namespace clawbox::session
