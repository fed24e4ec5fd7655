// What each form of `clawbox log` and the report make of one recorded trail, byte for byte: tests/golden/log.*.
// CLAWBOX_GOLDEN_UPDATE=1 writes the files anew.
#include <cstdlib>
#include <ctime>

#include "audit/ocsf.h"
#include "audit/report.h"
#include "audit/tree.h"
#include "support/catch.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "unit/audit/reading.h"

using namespace clawbox;
using namespace clawbox::test;

namespace {

/// recorded(), and before its end one record at least of every other event.
std::vector<Json> every_event() {
  std::vector<std::string> lines = recorded();
  lines.pop_back();
  const Json hostile = {{"escaped", "/w/\\xe2\\x80\\xaefdp.exe"}};
  const std::vector<std::pair<const char*, Json>> more = {
      {"program", {{"path", "/bin/cc"}, {"dev", "8:1"}, {"ino", 12}, {"size", 9}, {"sha256", std::string(64, 'a')}}},
      {"exec", {{"id", 5}, {"pid", 103}, {"path", "/tmp/x"}, {"argv", {"sh"}}, {"cwd", hostile}, {"parent", 1}}},
      {"exec.mismatch", {{"id", 5}, {"claimed", "/tmp/x"}, {"observed", hostile}}},
      {"exec.end", {{"id", 5}, {"outcome", "signaled"}, {"signal", 9}, {"observed", hostile}, {"wall_ms", 61'000}}},
      {"call", {{"call", "connect"}, {"arguments", "3, {AF_INET \"10.0.0.1:53\"}, 16"}, {"pid", 100}, {"exec", 1}}},
      {"folded", {{"count", 516}, {"since_us", 1}, {"call", "openat"}, {"pid", 100}}},
      {"cap", {{"cap", "memory"}, {"value", "1GiB"}, {"origin", "coding.toml:9"}, {"hits", 2}}},
      {"cap", {{"cap", "cpu"}, {"value", "200%"}, {"origin", "coding.toml:9"}, {"hits", 30}, {"throttled_ms", 2500}}},
      {"cap", {{"cap", "group"}, {"state", "lost"}, {"origin", "default"}}},
      {"usage", {{"cpu_ms", 100}, {"processes", 3}, {"resident", 5 << 20}}},
      {"usage", {{"cpu_ms", 900}, {"processes", 2}, {"resident", 7 << 20}}},
      {"audit.rotate", {{"segment", 2}}},
      {"audit.gap", {{"lost", 7}, {"why", "No space left on device"}}},
      {"net.dns", {{"host", "example.org"}, {"outcome", "allowed"}, {"rule", "example.org:443"}}},
      {"net.connect",
       {{"host", "example.org"},
        {"port", 443},
        {"protocol", "tcp"},
        {"outcome", "denied"},
        {"reason", "another name in the TLS hello"},
        {"exec", 1}}},
      {"totals", {{"exec", 1}, {"calls", {{"connect", 1}, {"openat", 566}}}}},
      {"event.of.the.future", {{"what", "\u001b[2J"}}},
      {"session.end",
       {{"exit_status", 137}, {"ended_by", "signal"}, {"signal", 9}, {"wall_ms", 62'000}, {"cpu_ms", 900}}},
      {"session.failed", {{"exit_status", 127}, {"detail", "command not found"}}},
  };
  for (const auto& [event, details] : more) lines.push_back(line(static_cast<int>(lines.size()) + 1, event, details));
  std::vector<Json> records;
  for (const std::string& text : lines) records.push_back(Json::parse(text));
  return records;
}

void check_golden(const std::string& name, const std::string& text) {
  const char* const data = ::getenv("CLAWBOX_TEST_DATA");
  if (data == nullptr) return skip("CLAWBOX_TEST_DATA is not set");
  const std::string file = std::string(data) + "/golden/" + name;
  if (::getenv("CLAWBOX_GOLDEN_UPDATE") != nullptr) {
    write_file(file, text);
    return;
  }
  CHECK(text == read_file(file));
}

/// Times are shown in the zone of who reads them.
void use_utc() {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

}  // namespace

TEST_CASE("the text of a trail is as recorded in tests/golden/log.txt") {
  use_utc();
  audit::Narrator narrator(audit::Colour::kNone, audit::Narrator::Sessions::kOne);
  std::string text;
  for (const Json& record : every_event()) text += narrator.line_for(record);
  check_golden("log.txt", text);
}

TEST_CASE("the coloured text of a trail is as recorded in tests/golden/log.ansi") {
  use_utc();
  audit::Narrator narrator(audit::Colour::kAnsi, audit::Narrator::Sessions::kSeveral);
  std::string text;
  for (const Json& record : every_event()) text += narrator.line_for(record);
  check_golden("log.ansi", text);
}

TEST_CASE("the tree of a trail is as recorded in tests/golden/log.tree") {
  audit::Tree tree;
  for (const Json& record : every_event()) tree.add(record);
  check_golden("log.tree", audit::tree_text(tree, audit::Colour::kNone));
}

TEST_CASE("the records of a trail are as recorded in tests/golden/log.json, and ASCII") {
  std::string text;
  for (const Json& record : every_event()) text += record.dump(-1, ' ', true) + "\n";
  check_golden("log.json", text);
}

TEST_CASE("the OCSF events of a trail are as recorded in tests/golden/log.ocsf") {
  std::string text;
  for (const Json& record : every_event()) text += audit::ocsf_event(record).dump(-1, ' ', true) + "\n";
  check_golden("log.ocsf", text);
}

TEST_CASE("the page of a trail is as recorded in tests/golden/log.html") {
  use_utc();
  audit::Report report;
  for (const Json& record : every_event()) report.add(record);
  report.add_trouble("6a44e2d0-0badcafe.jsonl, line 3: half a line");
  check_golden("log.html", report.html());
}
