// The parts of `clawbox diff`, `apply` and `discard` that the offer at the end of `clawbox run --overlay` has too.
#pragma once

#include "review/apply.h"
#include "review/change.h"
#include "review/layers.h"

namespace clawbox::cli {

/// Through a pager where a person reads it; a terminal obeys nothing in it.
void print_patch(const review::Changes& changes, const review::Layers& layers);

/// What was done and what was not, for people. The exit status.
int tell_applied(const review::Applied& applied, const review::Layers& layers, review::Mode mode);
int tell_discarded(const review::Discarded& discarded, const review::Layers& layers);

}  // namespace clawbox::cli
