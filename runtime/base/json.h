// JSON as the whole project uses it: nlohmann-json with keys kept in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

namespace clawbox {
using Json = nlohmann::ordered_json;
}
