#include "session/syscall_answer.h"

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "seccomp/explain.h"
#include "session/session.h"

namespace clawbox::session {
namespace {

/// As in C, where modes are octal.
uint64_t number_in(const std::string& word) {
  const bool hexadecimal = word.starts_with("0x"), octal = !hexadecimal && word.size() > 1 && word.starts_with('0');
  uint64_t number = 0;
  const char* const start = word.data() + (hexadecimal ? 2 : 0);
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(start, end, number, hexadecimal ? 16 : octal ? 8 : 10);
  if (error == std::errc() && stopped == end && start != end) return number;
  throw Error(ExitStatus::kUsage, fmt::format("{} is no argument of a system call", in_quotes(word)),
              "decimal, 0x hexadecimal or, with a leading 0, octal; up to 64 bits");
}

seccomp::Answer answer_for(const Plan& plan, const Directories& directories, const std::string& call,
                           const std::vector<uint64_t>& arguments) {
  return seccomp::answer_for(plan.syscalls, filters_of(plan, directories), call, arguments);
}

}  // namespace

std::string syscall_answer(const Plan& plan, const Directories& directories, const std::string& question) {
  std::vector<std::string> words = split(question, ',');
  const std::string call = words.empty() ? "" : words.front();
  std::vector<uint64_t> arguments;
  for (std::size_t i = 1; i < words.size(); ++i) arguments.push_back(number_in(words[i]));
  if (arguments.size() > 6) throw Error(ExitStatus::kUsage, "a system call has at most six arguments");
  const seccomp::Answer answer = answer_for(plan, directories, call, arguments);
  std::string text = fmt::format("{}: {}\n", answer.call, answer.verdict);
  if (answer.number < 0) text += "  this architecture does not have the call\n";
  if (answer.origin)
    text +=
        fmt::format("  rule: {}{}\n", to_string(*answer.origin), answer.group.empty() ? "" : " (" + answer.group + ")");
  else
    text += "  rule: none names it, and what is not named is refused\n";
  if (!answer.reason.empty()) text += fmt::format("  reason: {}\n", escaped(answer.reason));
  for (const std::string& condition : answer.conditions) text += fmt::format("  {}\n", condition);
  return text;
}

std::string syscall_verdict(const Plan& plan, const Directories& directories, const std::string& call,
                            const std::vector<uint64_t>& arguments) {
  return answer_for(plan, directories, call, arguments).outcome;
}

}  // namespace clawbox::session
