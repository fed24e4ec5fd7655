// What `explain` tells of the network: for explain.cc and explain_json.cc.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "plan/plan.h"

namespace clawbox::plan {

struct NetworkLine {
  std::string word, value;
  Origin origin;
  std::string why;
};

const char* network_words(Network::Mode mode);  // for people
std::vector<NetworkLine> network_lines(const NetworkAllowlist& list);
Json network_json(const Network& network);

}  // namespace clawbox::plan
