// Text for people: hostile bytes made harmless, the nearest name, sizes and times with units.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox {

/// `bytes` as one line that a terminal may be given: control characters, bidirectional overrides, invalid UTF-8 and the
/// backslash become `\xNN` or `\u{NNNN}`; more than `limit` bytes of output end in "…".
std::string escaped(std::string_view bytes, std::size_t limit = 1024);

/// `escaped` in single quotes, for names inside a sentence.
std::string in_quotes(std::string_view bytes);

/// One word that a POSIX shell reads back as `bytes`; with bytes that `escaped` would hide, as $'\NNN' (POSIX.1-2024).
std::string shell_quoted(std::string_view bytes);
std::string shell_quoted(std::span<const std::string> words);

/// The candidate with the smallest edit distance to `name`, if it is near enough to be what was meant.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

/// ", did you mean 'x'?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

/// "4GiB", "512KiB", "0", "1.5MB": 1024 for KiB/MiB/GiB/TiB and the short K/M/G/T, 1000 for KB/MB/GB/TB, "B" for bytes.
/// A number without a unit is nothing, but for "0". Negative, fractional bytes and anything of 2^63 or more are
/// nothing.
std::optional<uint64_t> parse_size(std::string_view text);
/// "500ms", "90s", "5m", "2h", "7d". A number without a unit is nothing, but for "0".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "150%" → 150. Nothing without the sign.
std::optional<uint64_t> parse_percent(std::string_view text);

/// The shortest exact form: 4294967296 → "4GiB", 1500 → "1500B".
std::string size_text(uint64_t bytes);
/// The shortest exact form: 7200 s → "2h", 90 s → "90s".
std::string duration_text(std::chrono::milliseconds time);

std::string joined(std::span<const std::string> parts, std::string_view between);
std::vector<std::string> split(std::string_view text, char at);

}  // namespace clawbox
