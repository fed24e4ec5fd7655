// --memory, --cpu, --processes, --disk, --time: caps of one run.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "plan/request.h"

namespace clawbox::cli {

struct CapTexts {
  std::string memory, cpu, processes, disk, time;
};

void add_cap_words(CLI::App& verb, CapTexts& texts);

/// Throws Error(kUsage) for what is no value of the key of the same name.
plan::CapWords cap_words(const CapTexts& texts);

}  // namespace clawbox::cli
