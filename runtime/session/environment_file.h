// A file of variables: values that must not stand on a command line, where ps(1) shows them to everybody.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace clawbox::session {

enum class AfterReading { kKeep, kUnlink };

/// NAME=VALUE each; where the file holds a NUL they end by NULs and may hold newlines, else by newlines, and then empty
/// lines and those that begin with # are left out. A regular file of at most 4 MiB that is the caller's and that nobody
/// else may read or write. kUnlink: it is removed once it is open, whatever it holds. Throws Error(kUsage) with the
/// line; no message holds a value.
std::vector<std::pair<std::string, std::string>> variables_in(const std::string& path, AfterReading after);

}  // namespace clawbox::session
