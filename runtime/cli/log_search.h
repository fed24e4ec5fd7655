// `clawbox log`: the question put to one session after the other, or to all living ones at once.
#pragma once

#include "cli/log_words.h"

namespace clawbox::cli {

/// The exit status: 0 when something was shown, 1 when nothing matched.
int search_trails(const LogWords& words);

}  // namespace clawbox::cli
