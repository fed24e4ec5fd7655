// The catalogue of properties, tried from inside by tests/probe, in every built-in profile; and bare, where they must
// be open, so that no check passes for want of something to find.
#include <unistd.h>

#include <set>

#include "escape/findings.h"
#include "escape/planted_world.h"
#include "support/catch.h"

using namespace clawbox::test;

namespace {

std::vector<std::string> probe_words(const PlantedWorld& world) {
  std::vector<std::string> words{"./probe", "--json"};  // the workspace may be elsewhere inside
  words.insert(words.end(), world.facts().begin(), world.facts().end());
  return words;
}

Command with_leaks(Command command, const PlantedWorld& world) {
  command.input_fd = world.input();
  command.inherit = world.leaked();
  return command;
}

/// What only a writable workspace, or one with its host's facts, can tell; other profiles may say "not applicable".
const std::set<std::string>& may_be_not_applicable() {
  static const std::set<std::string> ids{
      "NW04", "NW05",                          // the host has no such address
      "SY04", "SY05", "SY06", "SY07", "SY08",  // the planted number is by chance one of our own inside
      "TT01", "TT06",                          // no terminal here: see escape/terminal.cc
      "NS15",                                  // only root can plant the group
      "RS20",                                  // memory is capped by a control group
      "PR08", "SY14", "SY15", "SY16", "SY23", "SY30",
  };
  return ids;
}

// 'strict' does not run without control groups, which most machines of tests lack; nothing here is about caps.
constexpr const char* kStrictWithoutGroups =
    "version = 1\nextends = 'strict'\n[limits]\nfallback = 'rlimit'\nallow_missing = ['swap', 'cpu']\n";

void check_everything_holds(const std::string& profile) {
  PlantedWorld world;
  if (profile == "strict") world.environment().add_profile("strict", kStrictWithoutGroups);
  const Finished finished = run(with_leaks(world.environment().inside(profile, probe_words(world)), world));
  INFO(finished.err);
  const auto findings = findings_in(finished.out);
  REQUIRE(findings.size() > 140);
  for (const auto& [id, finding] : findings) {
    INFO(id << " in " << profile << ": " << finding.text);
    if (finding.verdict == "NOT_APPLICABLE") CHECK(may_be_not_applicable().contains(id));
    if (finding.verdict != "NOT_APPLICABLE") CHECK(finding.verdict == "HOLDS");
  }
}

// Open for every user on every Linux, so that a run without a sandbox must find them.
const std::set<std::string>& open_for_anyone() {
  static const std::set<std::string> ids{
      "FD01", "FD02", "FS02", "FS03", "FS04", "FS05", "FS06", "FS08", "FS12", "FS13", "FS25", "PR03", "PR07", "PR11",
      "NW01", "NW03", "NW06", "NW07", "NW18", "NW21", "NW22", "NW23", "NW24", "IP01", "IP02", "IP03", "IP04", "IP05",
      "IP06", "IP07", "IP08", "IP09", "IP11", "IP12", "IP13", "IP14", "NS01", "NS02", "NS03", "NS04", "NS12", "SY02",
      "SY07", "SY05", "SY14", "SY25", "SY26", "SY27", "SY30", "TT03", "TT04", "TT05", "TT07", "RS03", "RS05", "RS06",
      "RS14", "RS15", "SV03", "SV05", "SV06", "SV07", "WS01", "WS02", "WS03", "WS04", "WS05", "WS06", "WS07", "WS08",
      "WS09", "WS10", "WS11", "WS12", "WS13", "WS14", "SE01", "SE02", "SE03", "SE04", "SE05",
  };
  return ids;
}

const std::set<std::string>& open_for_root() {
  static const std::set<std::string> ids{"FS01", "FS11", "FS16", "FS17", "FS18", "FS19", "FS20", "FS21", "FS24",
                                         "FS26", "PR05", "NW15", "NW16", "NW20", "NS08", "NS09", "NS11", "NS14",
                                         "SY09", "SY10", "SY19", "SY20", "SY21", "SY22", "SY29"};
  return ids;
}

}  // namespace

TEST_CASE("nothing in the catalogue is open inside 'coding'") { check_everything_holds("coding"); }
TEST_CASE("nothing in the catalogue is open inside 'offline'") { check_everything_holds("offline"); }
TEST_CASE("nothing in the catalogue is open inside 'openclaw'") { check_everything_holds("openclaw"); }
TEST_CASE("nothing in the catalogue is open inside 'readonly'") { check_everything_holds("readonly"); }
TEST_CASE("nothing in the catalogue is open inside 'strict'") { check_everything_holds("strict"); }

TEST_CASE("the probe finds everything open that is open without a sandbox") {
  PlantedWorld world;
  const Finished finished = run(with_leaks(world.environment().outside(probe_words(world)), world));
  const auto findings = findings_in(finished.out);
  REQUIRE(findings.size() > 140);
  std::set<std::string> expected = open_for_anyone();
  if (::geteuid() == 0) expected.insert(open_for_root().begin(), open_for_root().end());
  for (const std::string& id : expected) {
    INFO(id << ": " << findings.at(id).text);
    CHECK(findings.at(id).verdict == "OPEN");
  }
}
