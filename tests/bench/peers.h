// Who competes, and with which words. The peers get the mounts that clawbox shows.
#pragma once

#include <string>
#include <vector>

#include "bench/paired.h"
#include "bench/view.h"

namespace clawbox::bench {

struct Ours {
  std::string clawbox;  // path of the program; empty: there is none yet
  std::string profile = "coding";
};

struct Place {  // all directories of one caller, and the program that is run
  std::string base, home, workspace, made, bundle, program;
};

struct SeenBy {
  View view;
  std::string origin;  // for the reader of the table
};

/// The mounts of `clawbox explain`, or a list of our own where it does not answer. Runs clawbox, as the caller.
SeenBy what_clawbox_shows(const Ours& ours, const Place& place);

/// Everybody. Those that cannot be run here say why. Writes crun's bundle.
std::vector<Contender> all_contenders(const Ours& ours, const Place& place, const View& view);

}  // namespace clawbox::bench
