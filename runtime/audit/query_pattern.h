// A regular expression over the words of a command: POSIX extended, by regcomp(3).
//
// std::regex recurses once per character of its subject, which is the sandbox's to choose; regexec(3) does not. Its
// time is bounded too: the subject is cut at 64 KiB, and back-references, whose cost is exponential, are refused.
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace clawbox::audit {

class Pattern {
 public:
  /// Throws Error(kUsage), which says what is wrong with the pattern.
  explicit Pattern(const std::string& text);

  bool occurs_in(const std::string& subject) const;
  /// Each line of JSON with a match holds one of these, to look for before it is parsed; none where there is no
  /// telling.
  const std::vector<std::string>& needles() const { return needles_; }

 private:
  struct Free {
    void operator()(regex_t* compiled) const;
  };
  std::unique_ptr<regex_t, Free> compiled_;
  std::vector<std::string> needles_;
};

/// Whether JSON writes `byte` as it is, in plain and in escaped values.
bool is_verbatim_in_json(char byte);

}  // namespace clawbox::audit
