// One line of a trail as a record, and its fields: a field that is missing or of the wrong kind is nothing, never an
// exception, because a trail may have been changed by somebody.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace clawbox::audit {

/// A record, or why the line is none.
struct Parsed {
  std::optional<Json> record;
  std::string broken;
};

/// One JSON object with an "event", at most eight levels deep and of at most 8192 fields: what a writer makes is far
/// below, and a line that somebody wrote to exhaust its reader is above.
Parsed parse_record(std::string_view line);

/// The bytes that a value stands for: of a string itself, of {"escaped": TEXT} what was escaped, of a number its
/// digits.
std::string bytes_of(const Json& value);

const Json* field(const Json& record, std::string_view name);
std::optional<std::string> text_field(const Json& record, std::string_view name);
std::optional<int64_t> number_field(const Json& record, std::string_view name);
/// The bytes of each element of a list; empty where there is no list.
std::vector<std::string> list_field(const Json& record, std::string_view name);

/// "event" without parsing the line; empty where there is none. Relies on the writer's order of fields: what it finds
/// in a line that was not written so may be wrong, and is looked at again after parsing.
std::string_view raw_event(std::string_view line);
/// The first `"name":` of the line up to the next comma, brace or quote: for numbers and plain words.
std::string_view raw_field(std::string_view line, std::string_view quoted_name_and_colon);

/// The words of "argv" with blanks between them, without parsing the line; nothing where one of them is escaped, or
/// there is no telling. As with raw_event, what it gives is looked at again after parsing.
std::optional<std::string> raw_argv(std::string_view line);

using WallTime = std::chrono::system_clock::time_point;

/// RFC 3339, UTC, microseconds: the form of "time". Sorts as text.
std::string rfc3339(WallTime time);
/// The same, with none or other fractions of a second, and with the offset of another time zone (+02:00).
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace clawbox::audit
