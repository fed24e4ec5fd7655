// What the shells' completions and the man pages are made of.
#pragma once

#include "cli/verbs.h"

namespace clawbox::cli {

/// A verb that no help lists. It describes `app`, which must have every other verb.
Verb add_completion(CLI::App& app, const std::vector<std::string>& command);

}  // namespace clawbox::cli
