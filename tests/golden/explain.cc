// What `clawbox explain` prints for each built-in profile, compared with tests/golden/NAME.txt: a change of a profile,
// or of the words, is seen in review. CLAWBOX_GOLDEN_UPDATE=1 writes the files anew.
//
// Left out are the lines that differ from machine to machine: what the host has and has not, its ids, its own limits.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

#include "support/catch.h"
#include "support/environment.h"

using namespace clawbox::test;

namespace {

// No control group anywhere and no demand for Landlock, so that every machine makes the same plan.
constexpr const char* kSameEverywhere = R"(
[limits]
cgroup = "/sys/fs/cgroup/clawbox-none"
fallback = "rlimit"
allow_missing = ["swap", "cpu"]
[syscalls]
landlock = "auto"
)";

/// The sections whose lines are compared, by their first word, and which of the lines: by how they begin.
struct Section {
  const char* heading;
  std::vector<std::string> kept;
};
const std::array kSections{
    Section{"", {"profile", "from", "command", "directory", "audit"}},
    Section{"FILES", {"devices", "writable", "proc", "tmpfs", "sysfs", "locked", "pinned", "covered     /proc/"}},
    Section{"IDENTITY", {"home", "host name", "nested", "namespaces", "network"}},
    Section{"ENVIRONMENT", {"CLAWBOX", "HOME=", "LANG=", "TERM="}},
    Section{"LIMITS", {"time", "cpu time", "reserve", "disk"}},
    Section{"SYSTEM", {"allow", "refuse", "record"}},
};

const Section* section_of(const std::string& heading) {
  const auto found = std::find_if(kSections.begin(), kSections.end(), [&](const Section& section) {
    return heading.substr(0, heading.find_first_of(" ,")) == section.heading;
  });
  return found == kSections.end() ? nullptr : &*found;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// The column of the origins moves with the length of the directory's name.
std::string without_columns(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  std::string text = line.substr(begin);
  const std::size_t origin = text.rfind("  (");
  if (origin == std::string::npos) return line.substr(0, begin) + text;
  const std::size_t end = text.find_last_not_of(' ', origin) + 1;
  return line.substr(0, begin) + text.substr(0, end) + text.substr(origin);
}

bool is_kept(const Section& section, const std::string& line) {
  const std::string text = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  return std::any_of(section.kept.begin(), section.kept.end(),
                     [&](const std::string& beginning) { return text.starts_with(beginning); });
}

std::string same_everywhere(const std::string& explained) {
  std::istringstream lines(explained);
  std::string text;
  const Section* section = &kSections.front();
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (!line.starts_with(' ')) {
      section = section_of(line);
      if (section != nullptr) text += "\n" + line + "\n";
    } else if (section != nullptr && is_kept(*section, line)) {
      text += without_columns(line) + "\n";
    }
  }
  return text;
}

std::string explanation_of(const std::string& profile) {
  ::setenv("CLAWBOX_TEST_DIR", "/var/tmp", 1);  // mounts are in the order of their names
  Environment environment;
  environment.set("PATH", "/usr/bin:/bin");
  environment.set("LANG", "C.UTF-8");
  environment.set("TERM", "xterm");
  environment.add_profile(profile, "version = 1\nextends = '" + profile + "'\n" + kSameEverywhere);
  const Finished finished = run(environment.clawbox({"explain", "--profile", profile, "--", "make", "-j2"}));
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  // As root the workspace is mapped, so that it can be written to.
  return same_everywhere(
      replaced(replaced(finished.out, environment.directory().path(), "/DIRECTORY"), " [owner mapped]", ""));
}

void check_golden(const std::string& profile) {
  const std::string file = std::string(::getenv("CLAWBOX_TEST_DATA")) + "/golden/" + profile + ".txt";
  const std::string text = explanation_of(profile);
  if (::getenv("CLAWBOX_GOLDEN_UPDATE") != nullptr) write_file(file, text);
  CHECK(text == read_file(file));
}

std::string answer_to(const std::string& profile, const std::string& question) {
  const Environment environment;
  const Finished finished = run(environment.clawbox({"explain", "--profile", profile, "--syscall", question}));
  return finished.status == 0 ? finished.out : finished.err;
}

}  // namespace

TEST_CASE("explain prints base") { check_golden("base"); }
TEST_CASE("explain prints coding") { check_golden("coding"); }
TEST_CASE("explain prints offline") { check_golden("offline"); }
TEST_CASE("explain prints readonly") { check_golden("readonly"); }
TEST_CASE("explain prints openclaw") { check_golden("openclaw"); }
TEST_CASE("explain prints strict") { check_golden("strict"); }

TEST_CASE("an argument of a call that begins with 0 is octal, as modes are written") {
  CHECK(answer_to("coding", "chmod,0,04755").starts_with("chmod: refused with EPERM"));
  CHECK(answer_to("coding", "chmod,0,0755").starts_with("chmod: allowed"));
  CHECK(answer_to("coding", "chmod,0,0x800").starts_with("chmod: refused with EPERM"));
  for (const char* wrong : {"chmod,0,08", "chmod,0,0x", "chmod,0,-1", "chmod,0,4755u"}) {
    INFO(wrong);
    CHECK(answer_to("coding", wrong).find("is no argument of a system call") != std::string::npos);
  }
}

TEST_CASE("a profile whose caps cannot be held here can be asked and checked, and not run") {
  const Environment environment;
  environment.add_profile("capped",
                          "version = 1\nextends = 'strict'\n[limits]\ncgroup = '/sys/fs/cgroup/clawbox-none'\n"
                          "[syscalls]\nlandlock = 'auto'\n");
  const auto status = [&](const std::vector<std::string>& words) { return run(environment.clawbox(words)).status; };
  CHECK(status({"run", "--profile", "capped", "--", "true"}) == 69);
  CHECK(status({"explain", "--profile", "capped", "--syscall", "ptrace"}) == 0);
  CHECK(status({"profile", "check", "capped"}) == 0);
}
