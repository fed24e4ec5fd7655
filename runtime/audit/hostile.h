// Bytes that came from the sandbox, as a value of a record: nothing is lost, and a terminal that prints it obeys
// nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace clawbox::audit {

/// Text, where `bytes` are valid UTF-8 without characters that deceive (base/characters.h). Otherwise the object
/// {"escaped": TEXT}, where each byte of those characters and each that is not UTF-8 is \xHH, and a backslash is \\.
Json hostile(std::string_view bytes);

/// The bytes that `hostile` was given; nothing if `value` is not its work.
std::optional<std::string> original_bytes(const Json& value);

}  // namespace clawbox::audit
