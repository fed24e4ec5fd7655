// probe [--json] [NAME=VALUE…] [ID…]: runs the checks of the catalogue, or those named, one line of output for each.
// probe --list: the ids. probe --hold WORD…: waits for the end of its input, a process to be looked for.
// Exit status 0 when everything holds, 1 when something is open, 2 for a word that is neither.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <set>

#include "probe/check.h"

namespace probe {
namespace {

std::vector<Check> every_check() {
  std::vector<Check> checks;
  // Descriptors first: later checks open some.
  for (const auto& group :
       {fd_checks(), fs_checks(), proc_checks(), network_checks(), ipc_checks(), namespace_checks(), syscall_checks(),
        terminal_checks(), resource_checks(), supervisor_checks(), workspace_checks(), secret_checks()})
    checks.insert(checks.end(), group.begin(), group.end());
  return checks;
}

const char* word_for(Verdict verdict) {
  if (verdict == Verdict::kHolds) return "HOLDS";
  return verdict == Verdict::kOpen ? "OPEN" : "NOT_APPLICABLE";
}

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') quoted += '\\';
    quoted += byte >= ' ' && byte < 0x7f ? byte : '?';
  }
  return quoted + "\"";
}

void print_line(const Check& check, const Result& result) {
  std::printf("%s %s %s%s%s\n", check.id, word_for(result.verdict), check.property, result.detail.empty() ? "" : ": ",
              result.detail.c_str());
}

void print_json(const Check& check, const Result& result) {
  std::printf("{\"id\":%s,\"verdict\":%s,\"property\":%s,\"detail\":%s}\n", json_text(check.id).c_str(),
              json_text(word_for(result.verdict)).c_str(), json_text(check.property).c_str(),
              json_text(result.detail).c_str());
}

int hold() {
  std::puts("holding");
  std::fflush(stdout);
  for (char byte; ::read(0, &byte, 1) > 0;) {
  }
  return 0;
}

int run_checks(const Planted& planted, const std::set<std::string>& wanted,
               void (*print)(const Check&, const Result&)) {
  bool open = false;
  for (const Check& check : every_check()) {
    if (!wanted.empty() && !wanted.contains(check.id)) continue;
    const Result result = check.run(planted);
    open = open || result.verdict == Verdict::kOpen;
    print(check, result);
    std::fflush(stdout);
  }
  return open ? 1 : 0;
}

int list() {
  for (const Check& check : every_check()) std::puts(check.id);
  return 0;
}

}  // namespace
}  // namespace probe

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "--hold") return probe::hold();
  if (!words.empty() && words[0] == "--list") return probe::list();
  probe::Planted planted;
  std::set<std::string> wanted, known;
  for (const probe::Check& check : probe::every_check()) known.insert(check.id);
  auto print = probe::print_line;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (word == "--json") {
      print = probe::print_json;
    } else if (equals != std::string::npos) {
      planted[word.substr(0, equals)] = word.substr(equals + 1);
    } else if (known.contains(word)) {
      wanted.insert(word);
    } else {
      std::fprintf(stderr, "probe: no check is called %s\n", word.c_str());
      return 2;
    }
  }
  return probe::run_checks(planted, wanted, print);
}
