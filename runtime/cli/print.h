// What people read: errors that teach, warnings, colour only on a terminal.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/plan.h"
#include "profile/profile.h"

namespace clawbox::cli {

/// Whether a stream of ours is a terminal that may get colours: no-color.org.
enum class Stream { kOut, kErr };
bool takes_colour(Stream stream);

void print_error(const Error& error);
void print_warning(const std::string& text);
void print_notice(const std::string& text);  // while a session runs, whose terminal is raw
void print_mistakes(const std::vector<profile::Diagnostic>& mistakes);
/// A line for each loud one; then one line that names all others.
enum class Telling { kAll, kLoudOnly };
void print_shortfalls(const std::vector<Shortfall>& shortfalls, Telling telling);
/// Writes to stdout; throws when it cannot (a full disk, a closed pipe is fine).
void print(const std::string& text);

}  // namespace clawbox::cli
