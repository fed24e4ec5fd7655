#include "audit/query_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace clawbox::audit {
namespace {

constexpr std::size_t kLongestPattern = 1024;
constexpr std::size_t kLongestSubject = 64 << 10;
constexpr const char* kRemedy =
    "write a POSIX extended regular expression, as grep -E takes; it is matched against the words with one blank "
    "between them";

bool has_back_reference(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (text[++i] >= '1' && text[i] <= '9') return true;
  }
  return false;
}

/// What a match must hold, found by walking over the pattern once: the longest run of characters that stand for
/// themselves, outside of groups, in each alternative.
class Literals {
 public:
  explicit Literals(std::string_view pattern) : rest_(pattern) {
    while (!rest_.empty()) step();
    end_alternative();
  }
  std::vector<std::string> needles() && { return all_ ? std::move(needles_) : std::vector<std::string>(); }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void step() {
    const char c = take();
    if (c == '(') ++depth_;
    if (c == ')') depth_ = std::max(0, depth_ - 1);
    if (c == '[') skip_set();
    const char next = rest_.empty() ? '\0' : rest_.front();
    if (c == '{' && (next < '0' || next > '9')) all_ = false;  // an interval to some, a brace to others
    if (c == '{') rest_.remove_prefix(std::min(rest_.find('}'), rest_.size()));
    if (c == '|' && depth_ == 0) return end_alternative();
    const bool may_be_absent = c == '*' || c == '?' || c == '{' || (c == '+' && kSpecial.find(next) != kNone);
    if (may_be_absent && !run_.empty()) run_.pop_back();
    const bool escaped = c == '\\' && !rest_.empty();
    const char meant = escaped ? take() : c;
    const bool plain = is_verbatim_in_json(meant) &&
                       (escaped ? std::ispunct(static_cast<unsigned char>(meant)) != 0 && kAnchors.find(meant) == kNone
                                : kSpecial.find(meant) == kNone);
    if (!plain || depth_ > 0) return end_run();
    run_ += meant;
  }

  /// "]" stands for itself where it comes first, and inside of "[:alpha:]" it does not end the set.
  void skip_set() {
    if (rest_.starts_with('^')) take();
    if (rest_.starts_with(']')) take();
    while (!rest_.empty()) {
      const char c = take();
      if (c == ']') return;
      if (c != '[' || rest_.empty() || std::string_view(":.=").find(rest_.front()) == kNone) continue;
      const std::string closing = {take(), ']'};
      rest_.remove_prefix(std::min(rest_.find(closing), rest_.size()));
      if (!rest_.empty()) rest_.remove_prefix(closing.size());
    }
  }

  void end_run() {
    if (run_.size() > longest_.size()) longest_ = run_;
    run_.clear();
  }

  void end_alternative() {
    end_run();
    all_ = all_ && !longest_.empty();
    needles_.push_back(std::exchange(longest_, ""));
  }

  static constexpr std::size_t kNone = std::string_view::npos;
  static constexpr std::string_view kSpecial = ".*?+^$|()[]{}";
  static constexpr std::string_view kAnchors = "<>`'";  // GNU: \< is the begin of a word

  std::string_view rest_;
  int depth_ = 0;
  bool all_ = true;
  std::string run_, longest_;
  std::vector<std::string> needles_;
};

}  // namespace

bool is_verbatim_in_json(char byte) { return byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\'; }

void Pattern::Free::operator()(regex_t* compiled) const {
  ::regfree(compiled);
  delete compiled;
}

Pattern::Pattern(const std::string& text) : needles_(Literals(text).needles()) {
  if (text.size() > kLongestPattern)
    throw Error(ExitStatus::kUsage, fmt::format("--argv: more than {} characters", kLongestPattern), kRemedy);
  if (has_back_reference(text)) throw Error(ExitStatus::kUsage, "--argv: back-references are not supported", kRemedy);
  auto compiled = std::make_unique<regex_t>();
  const int code = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (code != 0) {
    std::array<char, 128> why{};
    ::regerror(code, compiled.get(), why.data(), why.size());
    throw Error(ExitStatus::kUsage, fmt::format("--argv {}: {}", in_quotes(text), why.data()), kRemedy);
  }
  compiled_.reset(compiled.release());
}

bool Pattern::occurs_in(const std::string& subject) const {
  regmatch_t range{};
  range.rm_eo = static_cast<regoff_t>(std::min(subject.size(), kLongestSubject));
  return ::regexec(compiled_.get(), subject.c_str(), 1, &range, REG_STARTEND) == 0;  // a NUL does not end the subject
}

}  // namespace clawbox::audit
