#include "cli/print.h"

#include <unistd.h>

#include <cstdlib>

#include "base/text.h"

namespace clawbox::cli {
namespace {

enum class Colour { kRed = 31, kYellow = 33 };

std::string in_colour(Colour colour, const std::string& text) {
  if (!takes_colour(Stream::kErr)) return text;
  return fmt::format("\x1b[1;{}m{}\x1b[0m", static_cast<int>(colour), text);
}

/// Where standard error is full or closed nobody is left to tell, and the exit status still says it.
void say(const std::string& text) { static_cast<void>(std::fputs(text.c_str(), stderr)); }

}  // namespace

bool takes_colour(Stream stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && no_colour[0] != '\0') return false;
  return ::isatty(stream == Stream::kOut ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

void print_error(const Error& error) {
  say(fmt::format("{} {}\n", in_colour(Colour::kRed, "clawbox: error:"), error.what()));
  if (!error.remedy().empty()) say(fmt::format("  remedy: {}\n", error.remedy()));
}

void print_warning(const std::string& text) {
  say(fmt::format("{} {}\n", in_colour(Colour::kYellow, "clawbox:"), text));
}

void print_notice(const std::string& text) {
  const char* end = ::isatty(STDERR_FILENO) == 1 ? "\r\n" : "\n";
  say(fmt::format("{} {}{}", in_colour(Colour::kYellow, "clawbox:"), text, end));
}

void print_mistakes(const std::vector<profile::Diagnostic>& mistakes) {
  for (const profile::Diagnostic& mistake : mistakes)
    say(fmt::format("{} {}\n", in_colour(Colour::kRed, "clawbox: error:"), to_string(mistake)));
}

void print_shortfalls(const std::vector<Shortfall>& shortfalls, Telling telling) {
  std::vector<std::string> names;
  for (const Shortfall& shortfall : shortfalls) {
    if (shortfall.weight == Shortfall::Weight::kLoud)
      print_warning(fmt::format("{}: {} ({})", in_colour(Colour::kRed, escaped(shortfall.what)), escaped(shortfall.why),
                                escaped(to_string(shortfall.origin))));
    else
      names.push_back(escaped(shortfall.what));
  }
  if (names.empty() || telling == Telling::kLoudOnly) return;
  print_warning(fmt::format("weaker than the profile asks: {} (`clawbox explain` says why; --quiet hides this line)",
                            joined(names, "; ")));
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    if (errno != EPIPE)
      throw Error(ExitStatus::kOutputLost, SysError(errno, "writing to standard output").what(),
                  "free some space, or print elsewhere");
}

}  // namespace clawbox::cli
