// Checks numbering and chain, one line at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clawbox::audit {

/// Where a line stands: which file of several, and its number in it.
struct Spot {
  std::size_t file = 0;
  uint64_t line = 0;
};

class Chain {
 public:
  struct Break {
    Spot where;
    std::string what;
  };

  /// The first line that is wrong; a chain that is broken takes no more. One line changed breaks the link to the next,
  /// and so does a changed "prev" of that one: the link after it tells which, so that a break may be told one line
  /// late.
  std::optional<Break> add(std::string_view line, Spot where);
  /// After the last line. `head`: what the last line's hash is known to be, or empty.
  std::optional<Break> finish(std::string_view head) const;

  uint64_t records() const { return seq_; }
  const std::string& head() const { return head_; }
  Spot last() const { return last_; }

 private:
  enum class Link { kHolds, kBroken };
  Break blamed(Link link_after) const;

  uint64_t seq_ = 0;
  std::string head_;
  Spot last_;
  struct Doubt {
    Spot before, after;
  };
  std::optional<Doubt> doubt_;
};

}  // namespace clawbox::audit
