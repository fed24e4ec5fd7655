// The audit trail of a session as a test reads it: without clawbox's own reader, so that each is a check of the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "support/environment.h"

namespace clawbox::test {

/// The bytes behind a value of the trail, which is text or {"escaped": TEXT}: clawbox-audit(5).
std::string bytes_of(const Json& value);
std::vector<std::string> words_of(const Json& values);

class Trail {
 public:
  /// Of the only session in `environment`'s state, all segments, compressed or not, as far as they are written by now.
  /// A last line that is not whole is left out.
  explicit Trail(const Environment& environment);

  const std::vector<Json>& records() const { return records_; }
  std::vector<Json> all(std::string_view event) const;
  /// The execs whose words begin with these.
  std::vector<Json> execs(const std::vector<std::string>& argv) const;
  /// The only one of them; fails the test when there is none, or are several.
  Json exec(const std::vector<std::string>& argv) const;
  /// exec.end of an exec.
  Json end_of(const Json& exec) const;
  /// Whether the records are numbered 1, 2, 3 … and each names its session.
  bool has_no_gaps() const;
  /// The whole file, to look for what must not be in it.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<Json> records_;
};

std::string trail_directory(const Environment& environment);

}  // namespace clawbox::test
