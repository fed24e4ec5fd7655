#include "base/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

#include "base/characters.h"

namespace clawbox {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kQuotedLimit = 256;
constexpr std::size_t kLongestComparedName = 128;  // the edit distance is quadratic, and names come from hostile files
constexpr uint64_t kTooLarge = uint64_t{1} << 63;

std::string escape_of(Character character, unsigned char byte) {
  if (character.code == '\\') return "\\x5c";
  if (character.length <= 1) return fmt::format("\\x{:02x}", byte);
  return fmt::format("\\u{{{:04x}}}", static_cast<uint32_t>(character.code));
}

bool is_shell_safe(std::string_view bytes) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,=@%^";
  // A leading '=' is a command look-up in zsh, a leading '~' is not in the set at all.
  return !bytes.empty() && bytes.front() != '=' && bytes.find_first_not_of(kSafe) == std::string_view::npos;
}

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr uint64_t kKi = 1024, kMi = kKi * 1024, kGi = kMi * 1024, kTi = kGi * 1024;
constexpr std::array<Unit, 13> kSizeUnits = {{{"B", 1},
                                              {"K", kKi},
                                              {"M", kMi},
                                              {"G", kGi},
                                              {"T", kTi},
                                              {"KiB", kKi},
                                              {"MiB", kMi},
                                              {"GiB", kGi},
                                              {"TiB", kTi},
                                              {"KB", 1'000},
                                              {"MB", 1'000'000},
                                              {"GB", 1'000'000'000},
                                              {"TB", 1'000'000'000'000}}};
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::optional<uint64_t> parse_digits(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= kTooLarge) return std::nullopt;
  return value;
}

std::optional<uint64_t> product(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result >= kTooLarge) return std::nullopt;
  return result;
}

/// `digits` after the decimal point, times `factor`, if that is a whole number: ("5", 1024) → 512.
std::optional<uint64_t> parse_fraction(std::string_view digits, uint64_t factor) {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  if (digits.empty()) return 0;
  const auto numerator = parse_digits(digits);
  uint64_t denominator = 1;
  for (std::size_t i = 0; i < digits.size(); ++i)
    if (__builtin_mul_overflow(denominator, uint64_t{10}, &denominator)) return std::nullopt;
  if (!numerator) return std::nullopt;
  const uint64_t common = std::gcd(*numerator, denominator);
  if (factor % (denominator / common) != 0) return std::nullopt;
  return product(*numerator / common, factor / (denominator / common));
}

/// A decimal number and its unit, in the smallest unit. Exact: what is not a whole number of those is nothing.
std::optional<uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  if (text == "0") return 0;
  const std::size_t unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [name = text.substr(unit_at)](const Unit& known) { return known.name == name; });
  if (unit == units.end()) return std::nullopt;
  const std::string_view number = text.substr(0, unit_at);
  const std::size_t point = std::min(number.find('.'), number.size());
  const auto whole = parse_digits(number.substr(0, point));
  if (!whole || point + 1 == number.size()) return std::nullopt;
  const auto fraction = point < number.size() ? parse_fraction(number.substr(point + 1), unit->factor) : 0;
  const auto units_of_whole = product(*whole, unit->factor);
  if (!units_of_whole || !fraction || *units_of_whole + *fraction >= kTooLarge) return std::nullopt;
  return *units_of_whole + *fraction;
}

/// `value` in the largest of `units`, sorted upwards, that gives a whole number.
std::string quantity_text(uint64_t value, std::span<const Unit> units) {
  if (value == 0) return "0";
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (value % unit.factor == 0) best = &unit;
  return fmt::format("{}{}", value / best->factor, best->name);
}

/// Levenshtein's distance, bytewise, ignoring the case of ASCII letters; neighbours that changed places are one
/// mistake.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto same = [&](std::size_t i, std::size_t j) { return lower(a[i]) == lower(b[j]); };
  std::vector<std::size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j - 1] + (same(i - 1, j - 1) ? 0 : 1), above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string escaped(std::string_view bytes, std::size_t limit) {
  std::string out;
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const bool plain = character.length > 0 && character.code != '\\' && !deceives(character.code);
    const std::string piece =
        plain ? std::string(bytes.substr(0, length)) : escape_of(character, static_cast<unsigned char>(bytes[0]));
    if (out.size() + piece.size() > limit) return out.append(kEllipsis);
    out += piece;
    bytes.remove_prefix(length);
  }
  return out;
}

std::string in_quotes(std::string_view bytes) {
  std::string inside;
  for (const char c : escaped(bytes, kQuotedLimit)) inside += c == '\'' ? std::string("\\x27") : std::string(1, c);
  return "'" + inside + "'";
}

std::string shell_quoted(std::string_view bytes) {
  if (is_shell_safe(bytes)) return std::string(bytes);
  std::string plain, dollar;
  bool needs_dollar = false;
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const bool hidden = character.length == 0 || deceives(character.code);
    for (const char byte : bytes.substr(0, length)) {
      // Three octal digits end by themselves; in \xNN some shells would swallow a hexadecimal digit that follows.
      if (hidden) dollar += fmt::format("\\{:03o}", static_cast<unsigned char>(byte));
      if (!hidden && (byte == '\\' || byte == '\'')) dollar += '\\';
      if (!hidden) dollar += byte;
      plain += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
    }
    needs_dollar |= hidden;
    bytes.remove_prefix(length);
  }
  return needs_dollar ? "$'" + dollar + "'" : "'" + plain + "'";
}

std::string shell_quoted(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(shell_quoted(word));
  return out;
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.empty() || name.size() > kLongestComparedName) return std::nullopt;
  std::optional<std::string> best;
  std::size_t smallest = std::max<std::size_t>(1, name.size() / 3) + 1;  // one mistake for every three letters
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestComparedName) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= smallest || distance >= std::max(name.size(), candidate.size())) continue;
    smallest = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const auto nearest = nearest_name(name, candidates);
  return nearest ? ", did you mean " + in_quotes(*nearest) + "?" : "";
}

std::optional<uint64_t> parse_size(std::string_view text) { return parse_quantity(text, kSizeUnits); }

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = parse_quantity(text, kTimeUnits);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*value));
}

std::optional<uint64_t> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  return parse_digits(text.substr(0, text.size() - 1));
}

std::string size_text(uint64_t bytes) {
  constexpr std::array<Unit, 5> kExact = {{{"B", 1}, {"KiB", kKi}, {"MiB", kMi}, {"GiB", kGi}, {"TiB", kTi}}};
  return quantity_text(bytes, kExact);
}

std::string duration_text(std::chrono::milliseconds time) {
  if (time.count() < 0) return "-" + quantity_text(uint64_t{0} - static_cast<uint64_t>(time.count()), kTimeUnits);
  return quantity_text(static_cast<uint64_t>(time.count()), kTimeUnits);
}

std::string joined(std::span<const std::string> parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace clawbox
