// What is wrong with a command line, in our own words: CLI11 names neither the verb nor the nearest word.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/error.h"

namespace clawbox::cli {

/// What is wrong, the nearest name, and where the right words are listed. `app` has parsed as far as `error`.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

/// "run: unexpected '--no-such', did you mean '--env'?"
std::string unexpected_word(const CLI::App& verb, const std::string& word);

}  // namespace clawbox::cli
