#include <chrono>
#include <limits>
#include <string>

#include "base/text.h"
#include "support/catch.h"

namespace clawbox {
namespace {

using std::chrono::milliseconds;

struct Known {
  std::string text;
  uint64_t value;
};

}  // namespace

TEST_CASE("a size is a number with a unit") {
  const auto [text, bytes] = GENERATE(values<Known>({
      {"0", 0},
      {"0B", 0},
      {"1B", 1},
      {"4GiB", 4294967296},
      {"512KiB", 524288},
      {"2K", 2048},
      {"3M", 3145728},
      {"1G", 1073741824},
      {"1TiB", 1099511627776},
      {"1T", 1099511627776},
      {"10KB", 10000},
      {"1.5MB", 1500000},
      {"1.5KiB", 1536},
      {"0.5KiB", 512},
      {"1.50KB", 1500},
      {"1.000B", 1},
      {"9223372036854775807B", 9223372036854775807u},
      {"8388607TiB", 9223370937343148032u},
  }));
  CHECK(parse_size(text) == bytes);
}

TEST_CASE("what is not exactly a size is nothing") {
  const std::string text =
      GENERATE(as<std::string>(), "", "4", "B", "KiB", "-1KiB", "+1KiB", " 1KiB", "1 KiB", "1KiB ", "1kib", "1kB",
               "1PiB", "1EiB", "0x10KiB", "1e3B", "1.", "1.KiB", ".5KiB", "1..5KiB", "1.5.5KiB", "1.5B", "0.0001KiB",
               "1,5KiB", "4GiB\n", "00", "NaNB", "infB", "9223372036854775808B", "8388608TiB", "18446744073709551616B",
               "99999999999999999999999TiB", "0.12345678901234567890123KiB", "8388607.9999999999999999999999TiB");
  CHECK_FALSE(parse_size(text).has_value());
}

TEST_CASE("a duration is a number with a unit") {
  const auto [text, ms] = GENERATE(values<Known>({
      {"0", 0},
      {"500ms", 500},
      {"90s", 90000},
      {"1.5s", 1500},
      {"5m", 300000},
      {"2h", 7200000},
      {"7d", 604800000},
      {"9223372036854775807ms", 9223372036854775807u},
  }));
  CHECK(parse_duration(text) == milliseconds(static_cast<milliseconds::rep>(ms)));
}

TEST_CASE("what is not exactly a duration is nothing") {
  const std::string text = GENERATE(as<std::string>(), "", "5", "m", "-5m", "5 m", "5M", "1h30m", "1w", "1y", "0.5ms",
                                    "1us", "5min", "9223372036854775808ms", "9223372036854776s", "106751991168d");
  CHECK_FALSE(parse_duration(text).has_value());
}

TEST_CASE("a percentage needs its sign") {
  CHECK(parse_percent("150%") == 150u);
  CHECK(parse_percent("0%") == 0u);
  const std::string text = GENERATE(as<std::string>(), "", "%", "150", "1.5%", "-1%", "150%%", "18446744073709551616%");
  CHECK_FALSE(parse_percent(text).has_value());
}

TEST_CASE("a size is shown in the largest unit that is exact") {
  const auto [text, bytes] = GENERATE(values<Known>(
      {{"0", 0}, {"1500B", 1500}, {"4GiB", 4294967296}, {"1536KiB", 1572864}, {"1025KiB", 1049600}, {"1023B", 1023}}));
  CHECK(size_text(bytes) == text);
  CHECK(parse_size(text) == bytes);
}

TEST_CASE("a duration is shown in the largest unit that is exact") {
  const auto [text, ms] = GENERATE(
      values<Known>({{"0", 0}, {"250ms", 250}, {"90s", 90000}, {"2h", 7200000}, {"25h", 90000000}, {"1d", 86400000}}));
  CHECK(duration_text(milliseconds(static_cast<milliseconds::rep>(ms))) == text);
}

TEST_CASE("the longest and a negative duration are shown too") {
  CHECK(duration_text(milliseconds::min()) == "-9223372036854775808ms");
  CHECK(duration_text(milliseconds(-5000)) == "-5s");
}

}  // namespace clawbox
