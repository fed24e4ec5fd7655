// What an overlay session changed, for people and for machines.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/print.h"
#include "review/change.h"
#include "review/layers.h"

namespace clawbox::cli {

/// One letter and name each: added, modified, deleted, renamed, another type; those that need a second look apart.
/// Names are escaped. At most `most` lines; then how many there are more.
std::string change_list(const review::Changes& changes, Stream stream, std::size_t most = std::size_t(-1));

/// As `git diff --stat`.
std::string stat_of(const review::Changes& changes, const review::Layers& layers);

/// "3 added, 1 modified, 2 deleted; 1 of them can make this host run code"
std::string counts_of(const review::Changes& changes);

/// The stable form: clawbox-review(5).
Json as_json(const review::Changes& changes, const review::Layers& layers);

/// Directories that are told by what is in them, and the one half of a rename, are no change of their own.
bool is_told(const std::vector<review::Change>& all, std::size_t index);

}  // namespace clawbox::cli
