// What every line of a trail and of the index begins with, canonically: the writers and the verifier share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace clawbox::audit {

struct Place {
  uint64_t seq = 0;
  std::string_view prev;  // 64 hexadecimal digits
};

/// 32 random bytes in hexadecimal: the first `prev` of a chain.
std::string random_prev();

/// `line` becomes the whole record with its newline. `session` and `event` need no escaping in JSON.
void compose_record(std::string& line, Place place, std::string_view session, std::string_view event,
                    const Json& details);

/// The place that `line` claims; nothing if it does not begin as every record does, byte for byte.
std::optional<Place> place_of(std::string_view line);

}  // namespace clawbox::audit
