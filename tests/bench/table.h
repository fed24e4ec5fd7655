// A comparison for people (Markdown) and for machines (one line of JSON), with the machine it was made on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "bench/paired.h"

namespace clawbox::bench {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// kernel, processors, load (1, 5 and 15 minutes).
Facts machine_facts();

std::string markdown(const Comparison& comparison, const Facts& facts);
Json json_of(const Comparison& comparison, const Facts& facts);

}  // namespace clawbox::bench
