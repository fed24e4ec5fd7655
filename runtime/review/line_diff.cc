#include "review/line_diff.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <utility>

namespace clawbox::review {
namespace {

constexpr std::ptrdiff_t kMostEdits = 4000;  // of one half of a stretch: the time is quadratic in it

using Numbers = std::vector<int>;

/// A stretch of both texts: lines [a, a_end) and [b, b_end).
struct Box {
  std::ptrdiff_t a = 0, a_end = 0, b = 0, b_end = 0;
  std::ptrdiff_t width() const { return a_end - a; }
  std::ptrdiff_t height() const { return b_end - b; }
};

/// How far each diagonal has been followed from one corner. Paths that leave the box are not followed.
class Front {
 public:
  Front(std::ptrdiff_t most, std::ptrdiff_t width, std::ptrdiff_t height)
      : offset_(most + 1), width_(width), height_(height), reach_(static_cast<std::size_t>(2 * most + 3), -1) {
    at(1) = 0;
  }

  std::ptrdiff_t& at(std::ptrdiff_t diagonal) { return reach_[static_cast<std::size_t>(diagonal + offset_)]; }
  /// -1: not reached.
  std::ptrdiff_t reach(std::ptrdiff_t diagonal) const {
    const std::ptrdiff_t index = diagonal + offset_;
    return index < 0 || index >= std::ssize(reach_) ? -1 : reach_[static_cast<std::size_t>(index)];
  }
  std::ptrdiff_t first(std::ptrdiff_t edits) const { return skip_low_ - edits; }
  std::ptrdiff_t last(std::ptrdiff_t edits) const { return edits - skip_high_; }

  /// One edit further on `diagonal`, then along equal lines. Nothing: it leaves the box.
  template <class Equal>
  std::optional<std::ptrdiff_t> advance(std::ptrdiff_t diagonal, std::ptrdiff_t edits, const Equal& equal) {
    const bool down = diagonal == -edits || (diagonal != edits && reach(diagonal - 1) < reach(diagonal + 1));
    std::ptrdiff_t x = down ? reach(diagonal + 1) : reach(diagonal - 1) + 1;
    std::ptrdiff_t y = x - diagonal;
    while (x < width_ && y < height_ && equal(x, y)) ++x, ++y;
    at(diagonal) = x;
    if (x > width_)
      skip_high_ += 2;
    else if (y > height_)
      skip_low_ += 2;
    else
      return x;
    return std::nullopt;
  }

 private:
  std::ptrdiff_t offset_, width_, height_;
  std::ptrdiff_t skip_low_ = 0, skip_high_ = 0;
  std::vector<std::ptrdiff_t> reach_;
};

/// A point in the middle of a shortest way through `box`, by following it from both ends. Nothing: it is too long.
std::optional<std::pair<std::ptrdiff_t, std::ptrdiff_t>> middle_of(const Box& box, const Numbers& a, const Numbers& b) {
  const std::ptrdiff_t width = box.width(), height = box.height(), delta = width - height;
  const std::ptrdiff_t most = std::min((width + height + 1) / 2, kMostEdits);
  const bool odd = delta % 2 != 0;
  const auto line = [](const Numbers& text, std::ptrdiff_t at) { return text[static_cast<std::size_t>(at)]; };
  const auto forward = [&](std::ptrdiff_t x, std::ptrdiff_t y) { return line(a, box.a + x) == line(b, box.b + y); };
  const auto backward = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return line(a, box.a_end - 1 - x) == line(b, box.b_end - 1 - y);
  };
  Front from_start(most, width, height), from_end(most, width, height);
  for (std::ptrdiff_t edits = 0; edits <= most; ++edits) {
    for (std::ptrdiff_t k = from_start.first(edits); k <= from_start.last(edits); k += 2) {
      const auto x = from_start.advance(k, edits, forward);
      const std::ptrdiff_t other = from_end.reach(delta - k);
      if (x && odd && other >= 0 && *x + other >= width) return std::pair(box.a + *x, box.b + *x - k);
    }
    for (std::ptrdiff_t k = from_end.first(edits); k <= from_end.last(edits); k += 2) {
      const auto x = from_end.advance(k, edits, backward);
      const std::ptrdiff_t other = from_start.reach(delta - k);
      if (x && !odd && other >= 0 && *x + other >= width) return std::pair(box.a_end - *x, box.b_end - (*x - k));
    }
  }
  return std::nullopt;
}

class Comparison {
 public:
  Comparison(LineDiff& diff) : diff_(diff), a_(numbers(diff.before)), b_(numbers(diff.after)) {}

  void run() {
    std::vector<Box> waiting{{0, std::ssize(a_), 0, std::ssize(b_)}};
    while (!waiting.empty()) {
      const Box box = trimmed(waiting.back());
      waiting.pop_back();
      const auto middle = box.width() > 0 && box.height() > 0 ? middle_of(box, a_, b_) : std::nullopt;
      const bool splits = middle && *middle != std::pair(box.a, box.b) && *middle != std::pair(box.a_end, box.b_end);
      if (!splits) {
        mark(box);
        continue;
      }
      waiting.push_back({box.a, middle->first, box.b, middle->second});
      waiting.push_back({middle->first, box.a_end, middle->second, box.b_end});
    }
  }

 private:
  /// Equal lines have equal numbers.
  Numbers numbers(const std::vector<std::string_view>& lines) {
    Numbers result;
    result.reserve(lines.size());
    for (const std::string_view line : lines)
      result.push_back(known_.emplace(line, static_cast<int>(known_.size())).first->second);
    return result;
  }

  bool same(std::ptrdiff_t a, std::ptrdiff_t b) const {
    return a_[static_cast<std::size_t>(a)] == b_[static_cast<std::size_t>(b)];
  }

  Box trimmed(Box box) const {
    while (box.a < box.a_end && box.b < box.b_end && same(box.a, box.b)) ++box.a, ++box.b;
    while (box.a < box.a_end && box.b < box.b_end && same(box.a_end - 1, box.b_end - 1)) --box.a_end, --box.b_end;
    return box;
  }

  void mark(const Box& box) {
    std::fill(diff_.removed.begin() + box.a, diff_.removed.begin() + box.a_end, true);
    std::fill(diff_.added.begin() + box.b, diff_.added.begin() + box.b_end, true);
    diff_.removals += static_cast<std::size_t>(box.width());
    diff_.additions += static_cast<std::size_t>(box.height());
  }

  LineDiff& diff_;
  std::unordered_map<std::string_view, int> known_;
  Numbers a_, b_;
};

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

LineDiff line_diff(std::string_view before, std::string_view after) {
  LineDiff diff;
  diff.before = lines_of(before);
  diff.after = lines_of(after);
  diff.removed.resize(diff.before.size());
  diff.added.resize(diff.after.size());
  Comparison(diff).run();
  return diff;
}

std::vector<Hunk> hunks_of(const LineDiff& diff, std::size_t context) {
  std::vector<Hunk> hunks;
  std::size_t a = 0, b = 0;
  while (a < diff.before.size() || b < diff.after.size()) {
    const std::size_t from_a = a, from_b = b;
    while (a < diff.before.size() && diff.removed[a]) ++a;
    while (b < diff.after.size() && diff.added[b]) ++b;
    if (a == from_a && b == from_b) {
      ++a, ++b;
      continue;
    }
    const std::size_t lead = std::min({context, from_a, from_b});
    const std::size_t trail = std::min({context, diff.before.size() - a, diff.after.size() - b});
    if (!hunks.empty() && from_a - lead <= hunks.back().before + hunks.back().before_lines) {
      hunks.back().before_lines = a + trail - hunks.back().before;
      hunks.back().after_lines = b + trail - hunks.back().after;
    } else {
      hunks.push_back({from_a - lead, a + trail - (from_a - lead), from_b - lead, b + trail - (from_b - lead)});
    }
  }
  return hunks;
}

}  // namespace clawbox::review
