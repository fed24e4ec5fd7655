// A look at a profile's bytes before the TOML parser sees them.
//
// toml++ recurses once for each part of a dotted key and each bracket, and 64 KiB hold enough of them to end its stack.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clawbox::profile {

inline constexpr int kMaxKeyParts = 32;
inline constexpr int kMaxNesting = 32;

struct ScanMistake {
  int line = 0;
  int column = 0;
  std::string what;
};

struct Scan {
  std::optional<ScanMistake> mistake;  // the first NUL, invalid UTF-8 sequence, too long key or too deep nesting
  std::string text;  // without comments, every line and column as before: the parser decodes them letter by letter
};

Scan scan(std::string_view text);

}  // namespace clawbox::profile
