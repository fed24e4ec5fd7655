// One change as text: git's patch format, which `git apply` and `patch -p1` take (git-diff(1), "Generating patch
// text").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "review/change.h"
#include "review/layers.h"

namespace clawbox::review {

struct FilePatch {
  std::string text;  // empty where the format has no words for it: directories, devices, what holds no text
  std::size_t additions = 0, removals = 0;                         // lines
  enum class Content { kText, kBinary } content = Content::kText;  // kBinary: or longer than is compared
};

/// Of a rename, the added path says both. A file that became another kind of thing is deleted and added.
FilePatch patch_of(const Change& change, const Layers& layers);

/// A name as git writes it: in double quotes with \NNN, where it has control characters, quotes or bytes above 127.
std::string quoted_name(std::string_view name);

/// A patch for a terminal, which obeys nothing in it: control and deceiving characters become \xNN.
std::string visible(std::string_view text);

}  // namespace clawbox::review
