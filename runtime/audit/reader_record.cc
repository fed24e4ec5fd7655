#include "audit/reader_record.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "audit/hostile.h"

namespace clawbox::audit {
namespace {

constexpr int kDeepest = 8;
constexpr int kMostFields = 8192;  // ordered objects look each key up by going through those before it

/// Why the line must not be given to the parser, or empty. Brackets and colons outside of strings are counted.
std::string excess_of(std::string_view line) {
  bool in_string = false;
  int depth = 0, fields = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == ':') ++fields;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > kDeepest) return "nested too deep";
    if (fields > kMostFields) return "too many fields";
  }
  return "";
}

/// The digits of `text` at [at, at + length) as a number.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t length) {
  int value = 0;
  const char* first = text.data() + at;
  const auto [end, error] = std::from_chars(first, first + length, value);
  if (error != std::errc() || end != first + length || value < 0) return std::nullopt;
  return value;
}

/// Of "", or ".123": up to nine digits, of which microseconds count.
std::optional<std::chrono::microseconds> fraction_of_second(std::string_view text) {
  if (text.empty()) return std::chrono::microseconds(0);
  std::string after_point(text.substr(1));
  if (text.front() != '.' || after_point.empty() || after_point.size() > 9) return std::nullopt;
  if (after_point.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  after_point.resize(6, '0');
  return std::chrono::microseconds(digits(after_point, 0, 6).value_or(0));
}

/// Whether there is a digit where `form` has a 0, and else what `form` has.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(),
                    [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

/// What a time ends with: "Z", "+02:00", "-05:30".
struct Zone {
  std::size_t length = 1;
  std::chrono::minutes offset{0};
};
std::optional<Zone> zone_of(std::string_view text) {
  constexpr std::string_view kForm = "00:00";
  if (text.ends_with('Z')) return Zone();
  if (text.size() <= kForm.size()) return std::nullopt;
  const std::string_view offset = text.substr(text.size() - kForm.size());
  const char sign = text[text.size() - kForm.size() - 1];
  if ((sign != '+' && sign != '-') || !has_form(offset, kForm)) return std::nullopt;
  const int hours = digits(offset, 0, 2).value_or(0), minutes = digits(offset, 3, 2).value_or(0);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return Zone{kForm.size() + 1, std::chrono::minutes((hours * 60 + minutes) * (sign == '-' ? -1 : 1))};
}

}  // namespace

Parsed parse_record(std::string_view line) {
  if (line.empty()) return {.broken = "an empty line"};
  if (std::string excess = excess_of(line); !excess.empty()) return {.broken = std::move(excess)};
  Json record = Json::parse(line, nullptr, false);
  if (record.is_discarded()) return {.broken = "not JSON"};
  if (!record.is_object()) return {.broken = "not an object"};
  const Json* event = field(record, "event");
  if (event == nullptr || !event->is_string()) return {.broken = "no \"event\""};
  return {.record = std::move(record)};
}

std::string bytes_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return original_bytes(value).value_or("");
}

const Json* field(const Json& record, std::string_view name) {
  if (!record.is_object()) return nullptr;
  const auto found = record.find(std::string(name));
  return found == record.end() ? nullptr : &*found;
}

std::optional<std::string> text_field(const Json& record, std::string_view name) {
  const Json* value = field(record, name);
  if (value == nullptr || !(value->is_string() || value->is_object())) return std::nullopt;
  return bytes_of(*value);
}

std::optional<int64_t> number_field(const Json& record, std::string_view name) {
  const Json* value = field(record, name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX) return std::nullopt;
  return value->get<int64_t>();
}

std::vector<std::string> list_field(const Json& record, std::string_view name) {
  std::vector<std::string> list;
  const Json* value = field(record, name);
  if (value != nullptr && value->is_array())
    for (const Json& element : *value) list.push_back(bytes_of(element));
  return list;
}

std::string_view raw_event(std::string_view line) { return raw_field(line, "\"event\":"); }

std::string_view raw_field(std::string_view line, std::string_view quoted_name_and_colon) {
  const void* found = ::memmem(line.data(), line.size(), quoted_name_and_colon.data(), quoted_name_and_colon.size());
  if (found == nullptr) return {};
  std::string_view value = line.substr(static_cast<std::size_t>(static_cast<const char*>(found) - line.data()) +
                                       quoted_name_and_colon.size());
  if (value.starts_with('"')) value.remove_prefix(1);
  return value.substr(0, value.find_first_of("\",}"));
}

std::optional<std::string> raw_argv(std::string_view line) {
  constexpr std::string_view kBegin = "\"argv\":[";
  const void* found = ::memmem(line.data(), line.size(), kBegin.data(), kBegin.size());
  if (found == nullptr) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - line.data()) + kBegin.size());
  std::string words;
  while (line.starts_with('"')) {
    const std::size_t end = line.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = line.substr(1, end - 1);
    if (std::memchr(word.data(), '\\', word.size()) != nullptr) return std::nullopt;
    words.append(word) += ' ';
    line.remove_prefix(end + 1);
    if (line.starts_with(',')) line.remove_prefix(1);
  }
  if (!line.starts_with(']')) return std::nullopt;
  if (!words.empty()) words.pop_back();
  return words;
}

std::string rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<microseconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  const auto zone = zone_of(text);
  if (!zone) return std::nullopt;
  text.remove_suffix(zone->length);
  if (!has_form(text.substr(0, kForm.size()), kForm)) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t length) { return digits(text, at, length).value_or(0); };
  const auto fraction = fraction_of_second(text.substr(kForm.size()));
  const year_month_day date(year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                            day(static_cast<unsigned>(part(8, 2))));
  if (!date.ok() || !fraction || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60) return std::nullopt;
  return sys_days(date) + hours(part(11, 2)) + minutes(part(14, 2)) + seconds(part(17, 2)) + *fraction - zone->offset;
}

}  // namespace clawbox::audit
