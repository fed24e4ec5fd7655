// What the probe said, read back.
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "base/json.h"

namespace clawbox::test {

struct Finding {
  std::string verdict;  // "HOLDS", "OPEN", "NOT_APPLICABLE"
  std::string text;     // the property, and what was seen
};

inline std::map<std::string, Finding> findings_in(const std::string& output) {
  std::map<std::string, Finding> findings;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find("{\"id\":");  // on a terminal a prompt may stand before it
    if (start == std::string::npos) continue;
    const Json one = Json::parse(line.substr(start));
    findings[one["id"]] = {one["verdict"],
                           one["property"].get<std::string>() + ": " + one["detail"].get<std::string>()};
  }
  return findings;
}

}  // namespace clawbox::test
