// Paths as text: absolute, normal, compared component by component. Nothing here asks the kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clawbox::plan {

/// "/a//b/./c/" → "/a/b/c"; ".." goes up and stops at the root. A relative `path` is taken from `base`.
std::string normal_path(std::string_view path, std::string_view base = "/");

/// Does a component of `path` read ".."?
bool climbs(std::string_view path);

/// "/a/b" is at or below "/a", and "/ab" is not.
bool is_at_or_below(std::string_view path, std::string_view directory);
bool is_below(std::string_view path, std::string_view directory);

/// `path`, which is at or below `from`, moved to the same place below `to`.
std::string moved(std::string_view path, std::string_view from, std::string_view to);

std::string parent_of(std::string_view path);
std::string name_of(std::string_view path);
std::vector<std::string> parts_of(std::string_view path);

/// An order in which a directory comes before everything below it.
bool parent_first(std::string_view left, std::string_view right);

/// Does the path have glob(7) characters?
bool is_pattern(std::string_view path);

}  // namespace clawbox::plan
