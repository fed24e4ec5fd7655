#include "review/line_diff.h"

#include <random>
#include <string>

#include "support/catch.h"

using clawbox::review::Hunk;
using clawbox::review::hunks_of;
using clawbox::review::line_diff;
using clawbox::review::LineDiff;

namespace {

std::string lines(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += std::to_string(number) + "\n";
  return text;
}

/// The second text, from the first one and the difference.
std::string patched(const LineDiff& diff) {
  std::string text;
  std::size_t a = 0, b = 0;
  while (a < diff.before.size() || b < diff.after.size()) {
    if (a < diff.before.size() && diff.removed[a])
      ++a;
    else if (b < diff.after.size() && diff.added[b])
      text += diff.after[b++];
    else {
      REQUIRE(a < diff.before.size());
      REQUIRE(b < diff.after.size());
      REQUIRE(diff.before[a] == diff.after[b]);
      text += diff.before[a];
      ++a, ++b;
    }
  }
  return text;
}

/// By the longest common subsequence, quadratic and plain.
std::size_t shortest(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      common[i][j] = a[i - 1] == b[j - 1] ? common[i - 1][j - 1] + 1 : std::max(common[i - 1][j], common[i][j - 1]);
  return a.size() + b.size() - 2 * common[a.size()][b.size()];
}

std::vector<int> random_numbers(std::mt19937& random, std::size_t most, int letters) {
  std::vector<int> numbers(std::uniform_int_distribution<std::size_t>(0, most)(random));
  for (int& number : numbers) number = std::uniform_int_distribution<int>(0, letters)(random);
  return numbers;
}

}  // namespace

TEST_CASE("of any two texts the difference leads from one to the other, and is the shortest") {
  std::mt19937 random(20261121);
  for (int round = 0; round < 3000; ++round) {
    const int letters = 1 + round % 7;
    const auto a = random_numbers(random, 24, letters), b = random_numbers(random, 24, letters);
    const std::string before = lines(a), after = lines(b);
    const LineDiff diff = line_diff(before, after);
    INFO(before << "--\n" << after);
    REQUIRE(patched(diff) == after);
    REQUIRE(diff.additions + diff.removals == shortest(a, b));
  }
}

TEST_CASE("texts that differ everywhere end after a bounded time, still rightly") {
  std::string before, after;
  for (int i = 0; i < 30000; ++i) {
    before += std::to_string(i % 9973) + "\n";
    after += std::to_string((i * 7919) % 9967) + "\n";
  }
  CHECK(patched(line_diff(before, after)) == after);
}

TEST_CASE("a last line without a newline is another than with one") {
  const LineDiff diff = line_diff("a\nb", "a\nb\n");
  CHECK(diff.removals == 1);
  CHECK(diff.additions == 1);
  CHECK(line_diff("", "").before.empty());
}

TEST_CASE("hunks have their context, and those that meet are one") {
  std::vector<int> a(30), b;
  for (int i = 0; i < 30; ++i) a[static_cast<std::size_t>(i)] = i;
  b = a;
  b[5] = 100;
  b[11] = 101;
  b[25] = 102;
  const std::string before = lines(a), after = lines(b);
  const auto hunks = hunks_of(line_diff(before, after), 3);
  REQUIRE(hunks.size() == 2);
  CHECK(hunks[0].before == 2);
  CHECK(hunks[0].before_lines == 13);
  CHECK(hunks[1].before == 22);
  CHECK(hunks[1].before_lines == 7);
}
