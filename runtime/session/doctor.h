// The examination behind `clawbox doctor`: every probe tried, the verdict on `coding`, and its two renderings.
//
// It says what works for this caller, here and now. It leaves nothing behind.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "session/probes.h"

namespace clawbox::session {

struct Finding {
  std::string name;
  Need need = Need::kOptional;
  bool works = false;
  std::string found;   // or why it does not work
  std::string cost;    // of its absence
  std::string remedy;  // empty where it works
};

/// What this version does about a cap that profiles can ask for.
struct Cap {
  std::string name;
  bool applied = false;
  std::string how;  // or why not
};

struct Examination {
  std::string kernel;
  std::vector<Finding> findings;
  std::vector<Cap> caps;
};

Finding examined(const Probe& probe, const plan::Host& host);
Examination examine();

/// Required features that do not work, by name. Empty: `coding` can run here.
std::vector<std::string> missing_for_coding(const Examination& examination);

/// Field names are stable: coding, kernel, probes[name, needed, works, found, cost, remedy], caps[name, applied, how].
Json examination_json(const Examination& examination);

enum class Colour { kNone, kAnsi };
std::string examination_text(const Examination& examination, Colour colour);

}  // namespace clawbox::session
