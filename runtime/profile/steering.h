// Variables that make a loader or an interpreter run or read something: LD_PRELOAD, PYTHONPATH, BASH_ENV.
//
// Only `environment.set` and --env, which write the value down, may name them; `environment.pass` would take whatever
// the caller happens to have. The reader refuses a `pass` that names one, and the plan drops those that a wider pattern
// would let through.
#pragma once

#include <string_view>

namespace clawbox::profile {

bool steers_programs(std::string_view variable);

/// `pattern` is a name, or a prefix with `*` at its end: whether it names only variables that steer programs.
bool passes_only_steering(std::string_view pattern);

}  // namespace clawbox::profile
