// The difference between the upper layer and the workspace, found by walking the upper layer alone, and of the
// workspace what it hides: a tree of 50,000 files with a hundred changes costs what the hundred cost.
//
// The upper layer is the sandbox's word, and may change while it is read where the session lives.
#pragma once

#include "review/change.h"
#include "review/layers.h"

namespace clawbox::review {

inline constexpr std::size_t kMostNames = 2'000'000;

/// Files that were written or touched and hold what they held are no change; what the host has changed meanwhile is
/// taken as it is now. Not looked at: permissions of the workspace itself. Throws SysError where a layer cannot be
/// read.
Changes survey(const Layers& layers, const Risk& risk);

}  // namespace clawbox::review
