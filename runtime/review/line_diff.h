// Which lines of two texts differ: Myers' algorithm in linear space (Algorithmica 1:251, 1986).
//
// Our own: no library that Debian packages does this and no more. libgit2, the nearest, brings TLS, SSH and HTTP into a
// program whose start is counted in milliseconds.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace clawbox::review {

/// Lines with their newline; the last may have none.
std::vector<std::string_view> lines_of(std::string_view text);

struct LineDiff {
  std::vector<std::string_view> before, after;
  std::vector<bool> removed, added;  // of `before`, of `after`; what is left of both is the same
  std::size_t removals = 0, additions = 0;
};

/// The shortest, but for texts that differ in thousands of places: there whole stretches are removed and added. The
/// texts must outlive it.
LineDiff line_diff(std::string_view before, std::string_view after);

struct Hunk {
  std::size_t before = 0, before_lines = 0;  // from 0
  std::size_t after = 0, after_lines = 0;
};
/// Changed stretches with `context` lines around them; those whose context meets are one.
std::vector<Hunk> hunks_of(const LineDiff& diff, std::size_t context);

}  // namespace clawbox::review
