// The caller's terminal, from inside: it is another one, and nothing can be typed into the caller's.
#include "support/terminal.h"
#include "escape/findings.h"
#include "support/catch.h"
#include "support/environment.h"

#include <sys/stat.h>

using namespace clawbox::test;

namespace {

std::vector<std::string> words_on(const std::string& device, const std::string& inode) {
  struct stat facts {};
  ::stat("/dev/pts", &facts);
  return {"./probe",
          "--json",
          "terminal_device=" + device,
          "terminal_inode=" + inode,
          "pts_device=" + std::to_string(facts.st_dev),
          "TT01",
          "TT02",
          "TT03",
          "TT04",
          "TT05",
          "TT06",
          "TT07"};
}

// The terminal exists only once the command is started, so a shell hands its facts on.
std::map<std::string, Finding> findings_on_terminal(Command command) {
  Terminal terminal(command);
  std::string words;
  for (const std::string& word : words_on(terminal.device(), terminal.inode())) words += word + " ";
  terminal.type(words + "; echo end-of-''probe\n");
  return findings_in(terminal.read_until("end-of-probe"));
}

}  // namespace

TEST_CASE("the terminal inside is not the caller's, and takes no injected input") {
  const Environment environment;
  environment.add_probe("probe");
  const auto findings = findings_on_terminal(environment.inside("coding", {"sh"}));
  REQUIRE(findings.size() == 7);
  for (const auto& [id, finding] : findings) {
    INFO(id << ": " << finding.text);
    CHECK(finding.verdict == "HOLDS");
  }
}

TEST_CASE("outside, the probe finds the terminal shared") {
  const Environment environment;
  environment.add_probe("probe");
  const auto findings = findings_on_terminal(environment.outside({"sh"}));
  for (const char* id : {"TT01", "TT03", "TT04", "TT05", "TT06", "TT07"}) {
    INFO(id);
    CHECK(findings.at(id).verdict == "OPEN");
  }
}
