#include "audit/record.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>

#include "audit/sha256.h"
#include "base/error.h"
#include "sys/clock.h"

namespace clawbox::audit {
namespace {

constexpr std::string_view kBegin = R"({"v":1,"seq":)";
constexpr std::string_view kThenPrev = R"(,"prev":")";
constexpr std::string_view kAfterPrev = R"(",)";
constexpr std::size_t kPrevDigits = 64;

void append_time(std::string& line) {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto today = floor<days>(now);
  const year_month_day date(today);
  const hh_mm_ss time(floor<microseconds>(now - today));  // not gmtime_r(3), which reads the time zone's file
  fmt::format_to(std::back_inserter(line), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                 time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string random_prev() {
  Digest bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) throw_errno("getrandom");
  return hex_of(bytes);
}

void compose_record(std::string& line, Place place, std::string_view session, std::string_view event,
                    const Json& details) {
  line.clear();
  const auto end = std::back_inserter(line);
  fmt::format_to(end, R"({}{}{}{}{}"time":")", kBegin, place.seq, kThenPrev, place.prev, kAfterPrev);
  append_time(line);
  fmt::format_to(end, R"(","mono_us":{},"session":"{}","event":"{}")", sys::boot_time().count(), session, event);
  // A record is never lost for a byte that is no UTF-8 and came past audit::hostile: it is replaced.
  const std::string fields = details.empty() ? "{}" : details.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (fields.size() > 2) line += ',';
  line.append(fields, 1);
  line += '\n';
}

std::optional<Place> place_of(std::string_view line) {
  if (!line.starts_with(kBegin) || !line.ends_with('}')) return std::nullopt;
  line.remove_prefix(kBegin.size());
  Place place;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), place.seq);
  if (error != std::errc() || line.starts_with('0')) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!line.starts_with(kThenPrev)) return std::nullopt;
  line.remove_prefix(kThenPrev.size());
  place.prev = line.substr(0, kPrevDigits);
  if (place.prev.size() != kPrevDigits || !is_hex(place.prev)) return std::nullopt;
  return line.substr(kPrevDigits).starts_with(kAfterPrev) ? std::optional(place) : std::nullopt;
}

}  // namespace clawbox::audit
