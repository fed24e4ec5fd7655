// What the command line adds to the profile for one run.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/network_rule.h"

namespace clawbox::plan {

/// --memory, --cpu, --processes, --disk, --time: each as far down as one likes, and up to the profile's max_* key.
struct CapWords {
  std::optional<uint64_t> memory, disk;  // bytes
  std::optional<uint64_t> cpu;           // percent of one processor
  std::optional<uint64_t> processes;
  std::optional<std::chrono::milliseconds> time;

  friend bool operator==(const CapWords&, const CapWords&) = default;
};

struct Request {
  std::vector<std::string> argv;
  std::optional<std::string> workspace;                  // --workspace: absolute, or relative to the caller's directory
  std::optional<std::string> workdir;                    // --workdir: relative to the workspace, or absolute inside
  std::vector<std::pair<std::string, std::string>> env;  // --env NAME=VALUE, in order; the last one of a name wins
  CapWords caps;
  std::vector<PortMapping> publish;  // --publish
  bool overlay = false;              // --overlay
  bool lasting = false;              // a session without a command of its own
};

}  // namespace clawbox::plan
