// Which added file is a deleted one under another name.
#pragma once

#include <vector>

#include "review/change.h"
#include "review/layers.h"

namespace clawbox::review {

/// Sets `partner` of the pairs whose content is the same, byte by byte. Of many files of one size, and of large ones,
/// only so much is read: what is not compared stays an added and a deleted file.
void pair_renames(std::vector<Change>& changes, const Layers& layers);

}  // namespace clawbox::review
