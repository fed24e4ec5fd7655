#include "audit/report.h"

#include <algorithm>

#include "audit/ocsf.h"
#include "audit/reader_record.h"
#include "support/catch.h"
#include "unit/audit/reading.h"

using namespace clawbox;
using namespace clawbox::test;

namespace {

audit::Tree tree_of(const std::vector<std::string>& lines) {
  audit::Tree tree;
  for (const std::string& text : lines) tree.add(Json::parse(text));
  return tree;
}

std::string words_of(const std::string& text) { return audit::sentence_of(Json::parse(text)).text; }

bool is_safe(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7F; }) &&
         text.find("\u202e") == std::string::npos;
}

}  // namespace

TEST_CASE("records are told in words, and nothing in them reaches the terminal") {
  const std::vector<std::string> lines = recorded();
  CHECK(words_of(lines[3]) == "#3 git $'\\033]0;x\\007<script>' [pid 101]");
  CHECK(words_of(lines[5]) == "ptrace() refused: Operation not permitted, by rule no \\u{202e}<b> at a:7  by #3");
  CHECK(words_of(lines[6]) == "#3 exited 128 after 1.32s");
  CHECK(words_of(R"({"event":"new.one","a":1,"b":"\u001b[2J"})") == "a=1 b=\\x1b[2J");
  for (const std::string& text : lines) CHECK(is_safe(words_of(text)));
}

TEST_CASE("values that somebody put into a trail unescaped do not reach the terminal either") {
  const std::string text = R"({"event":"exec","id":1,"time":"\u001b[2J","session":"\u001b]","argv":["\u001b[2J"]})";
  audit::Narrator narrator(audit::Colour::kNone, audit::Narrator::Sessions::kSeveral);
  CHECK(is_safe(narrator.line_for(Json::parse(text))));
}

TEST_CASE("the tree hangs programs below what started them, and below what they replaced") {
  CHECK(audit::tree_text(tree_of(recorded()), audit::Colour::kNone) ==
        "make  #1 pid 100  2.10s  exited 0\n"
        "├─ sh -c 'git push'  #2 pid 101  4ms  replaced by its next program\n"
        "│  └⇒ git $'\\033]0;x\\007<script>'  #3 pid 101  1.32s  exited 128  refused calls: 1\n"
        "└─ cc  #4 pid 102  0ms  failed: No such file or directory\n");
}

TEST_CASE("a part of the tree is shown with what it hangs below") {
  audit::Tree tree = tree_of(recorded());
  tree.keep_only({4});
  CHECK(audit::tree_text(tree, audit::Colour::kNone) ==
        "make  #1 pid 100  2.10s  exited 0\n"
        "└─ cc  #4 pid 102  0ms  failed: No such file or directory\n");
}

TEST_CASE("a chain of 100,000 programs makes a tree of a size in proportion") {
  audit::Tree tree;
  for (int id = 1; id <= 100'000; ++id) tree.add({{"event", "exec"}, {"id", id}, {"pid", id}, {"parent", id - 1}});
  CHECK(tree.in_order().size() == 100'000);
  CHECK(audit::tree_text(tree, audit::Colour::kNone).size() < 20'000'000);
}

TEST_CASE("a trail that claims a cycle of parents has none in the tree") {
  const audit::Tree tree =
      tree_of({R"({"event":"exec","id":1,"pid":1,"parent":2})", R"({"event":"exec","id":2,"pid":2,"parent":1})",
               R"({"event":"exec","id":1,"pid":3,"parent":2})"});
  CHECK(tree.in_order().size() == 2);
  CHECK(tree.left_out() == 1);
}

TEST_CASE("an exec becomes OCSF process activity, and a refused call a denied kernel activity") {
  const std::vector<std::string> lines = recorded();
  const Json launch = audit::ocsf_event(Json::parse(lines[2]));
  CHECK(launch["class_uid"] == 1007);
  CHECK(launch["type_uid"] == 100701);
  CHECK(launch["time"] == 1782900003000);
  CHECK(launch["process"]["cmd_line"] == "sh -c 'git push'");
  CHECK(launch["process"]["parent_process"]["uid"] == "6a44e2d0-0badcafe:1");
  CHECK(launch["metadata"]["uid"] == "6a44e2d0-0badcafe:3");
  const Json end = audit::ocsf_event(Json::parse(lines[6]));
  CHECK(end["type_uid"] == 100702);
  CHECK(end["status_id"] == 2);
  CHECK(end["exit_code"] == 128);
  const Json refused = audit::ocsf_event(Json::parse(lines[5]));
  CHECK(refused["type_uid"] == 100304);
  CHECK(refused["action_id"] == 2);
  CHECK(refused["policy"]["uid"] == "a:7");
}

TEST_CASE("every event has what OCSF requires of all, and is ASCII when written") {
  for (const std::string& text : recorded()) {
    const Json event = audit::ocsf_event(Json::parse(text));
    for (const char* name : {"class_uid", "category_uid", "activity_id", "type_uid", "time", "severity_id", "metadata"})
      CHECK(event.contains(name));
    CHECK(is_safe(event.dump(-1, ' ', true)));
  }
}

TEST_CASE("the page escapes every value, and its policy allows no script and no network") {
  audit::Report report;
  for (const std::string& text : recorded()) report.add(Json::parse(text));
  report.add(Json::parse(R"({"event":"<img src=x onerror=1>","session":"<b>\"'"})"));
  report.add_trouble("<i>");
  const std::string html = report.html();
  CHECK(html.find("default-src 'none'; style-src 'unsafe-inline'") != std::string::npos);
  for (const char* hostile : {"<script", "<img", "<i>", "no \\u{202e}<b>", "http:", "https:", "url("})
    CHECK(html.find(hostile) == std::string::npos);
  CHECK(html.find("&lt;script&gt;") != std::string::npos);
  CHECK(html.find("ptrace()") != std::string::npos);
}

TEST_CASE("a page of a long session is cut and says so") {
  audit::Report report;
  for (int id = 1; id <= 5000; ++id) report.add({{"event", "exec"}, {"id", id}, {"pid", id}, {"parent", id - 1}});
  const std::string html = report.html();
  CHECK(html.find("and 3000 execs more") != std::string::npos);
  CHECK(html.size() < 5'000'000);
}

TEST_CASE("the first program is told by the plan's words where nobody could read it, and a later one is an alarm") {
  const auto exec = [](int id) {
    return line(id, "exec", {{"id", id}, {"pid", id}, {"argv", {"make", "-j"}}, {"unreadable", "not permitted"}});
  };
  CHECK(words_of(exec(1)) == "#1 make -j [pid 1]");
  CHECK(words_of(exec(2)) == "#2 a program that could not be read: not permitted [pid 2]");
  CHECK(audit::sentence_of(Json::parse(exec(2))).tone == audit::Tone::kAlarm);
  const audit::Tree tree = tree_of({exec(1), exec(2)});
  CHECK(tree.nodes()[0].alarm.empty());
  CHECK(tree.nodes()[1].alarm == "unreadable: not permitted");
}

TEST_CASE("records that were left out, totals and ends of which nobody knows are told in words") {
  CHECK(words_of(line(1, "folded", {{"count", 516}, {"since_us", 1}, {"call", "openat"}, {"pid", 7}})) ==
        "516 more records of openat were left out by the rate limit [pid 7]");
  CHECK(words_of(line(1, "folded", {{"count", 516}, {"since_us", 1}})) ==
        "516 more records were left out by the rate limit");
  CHECK(words_of(line(1, "totals", {{"exec", 3}, {"calls", {{"openat", 516}, {"\x1b", 2}}}})) ==
        "#3: openat 516, \\x1b 2");
  CHECK(words_of(line(1, "exec.end", {{"id", 3}, {"outcome", "ended"}, {"wall_ms", 4}})) ==
        "#3 ended, nobody knows how after 4ms");
}

TEST_CASE("the page shows chosen calls, totals, what a rate limit left out, and why it is weaker than asked") {
  audit::Report report;
  report.add(Json::parse(
      line(1, "session.start", {{"shortfalls", {{{"what", "memory 4GiB is not applied"}, {"why", "no <cgroup>"}}}}})));
  report.add(Json::parse(line(2, "call", {{"call", "connect"}, {"arguments", "3, <b>"}, {"exec", 1}})));
  report.add(Json::parse(line(3, "folded", {{"count", 516}, {"call", "openat"}})));
  report.add(Json::parse(line(4, "totals", {{"exec", 1}, {"calls", {{"connect", 1}}}})));
  const std::string html = report.html();
  for (const char* part : {"memory 4GiB is not applied (no &lt;cgroup&gt;)", "connect(3, &lt;b&gt;)",
                           "516 more records of openat", "#1: connect 1"})
    CHECK(html.find(part) != std::string::npos);
}

TEST_CASE("what a session used is drawn, and one point is no curve") {
  audit::Report report;
  const auto usage = [](int64_t us, int64_t cpu) {
    return Json{{"event", "usage"}, {"mono_us", us}, {"cpu_ms", cpu}, {"processes", 3}, {"resident", 5 << 20}};
  };
  report.add(usage(1'000'000, 100));
  CHECK(report.html().find("What it used") == std::string::npos);
  report.add(usage(6'000'000, 5100));
  const std::string page = report.html();
  CHECK(page.find("Memory: at most 5 MiB") != std::string::npos);
  CHECK(page.find("Processors: at most 100% of one") != std::string::npos);
  CHECK(page.find("<polyline") != std::string::npos);
}

TEST_CASE("a program that calls itself by another name is told by its file first") {
  CHECK(words_of(R"({"event":"exec","id":2,"pid":7,"path":"/tmp/evil","argv":["git","push"]})") ==
        "#2 /tmp/evil, called git push [pid 7]");
  CHECK(words_of(R"({"event":"exec","id":2,"pid":7,"path":"/bin/bash","argv":["-bash"]})") == "#2 -bash [pid 7]");
}
