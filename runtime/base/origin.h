// Where a value was decided, and a value that remembers it.
#pragma once

#include <string>
#include <utility>

namespace clawbox {

/// `file` is a path, "built in:NAME", "command line", "host" or "default"; `line` is 1-based, 0 where lines mean
/// nothing.
struct Origin {
  std::string file;
  int line = 0;

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// "coding.toml:12", or only the file where there is no line.
inline std::string to_string(const Origin& origin) {
  return origin.line > 0 ? origin.file + ":" + std::to_string(origin.line) : origin.file;
}

/// A value together with who decided it, so that `explain` and refusals can point at the line.
template <class T>
struct Decided {
  T value{};
  Origin origin{"default", 0};
};

}  // namespace clawbox
