#include "support/catch.h"
#include "unit/profile/reading.h"

namespace clawbox::profile {
namespace {

Profile profile_of(const std::string& toml) {
  const Shelves shelves;
  shelves.user("tried", toml);
  const Reading reading = shelves.read("tried");
  INFO(mistakes_of(reading));
  REQUIRE(reading.profile);
  return *reading.profile;
}

std::string mistakes_in(const std::string& toml) {
  const Shelves shelves;
  shelves.user("tried", toml);
  return mistakes_of(shelves.read("tried"));
}

TEST_CASE("an empty profile asks for nothing but the safe defaults") {
  const Profile profile = profile_of("");
  CHECK(profile.workspace.mode.value == WorkspaceMode::kNone);
  CHECK(profile.network.mode.value == NetworkMode::kNone);
  CHECK(profile.files.read.empty());
  CHECK(profile.syscalls.allow.empty());
  CHECK_FALSE(profile.limits.memory);
  CHECK(profile.audit.required.value);
}

TEST_CASE("a variable that steers a loader or an interpreter may be written down and not passed") {
  for (const std::string name : {"LD_PRELOAD", "LD_*", "LD_PRE*", "PYTHON*", "NODE_OPTIONS", "GIT_SSH*"}) {
    INFO(name);
    CHECK(mistakes_in("[environment]\npass = ['" + name + "']\n")
              .starts_with("3:9: 'environment.pass': '" + name + "' makes a loader"));
  }
  for (const std::string name : {"LANG", "L*", "NODE_*", "GIT_*", "GIT_AUTHOR_*", "GIT_COMMITTER_NAME"})
    CHECK(mistakes_in("[environment]\npass = ['" + name + "']\n").empty());
  CHECK(profile_of("[environment]\nset = { LD_PRELOAD = '/opt/x.so' }\n").environment.set.contains("LD_PRELOAD"));
}

TEST_CASE("sizes, times and percentages are read in their units") {
  const Profile profile =
      profile_of("[limits]\nmemory = '4GiB'\ndisk = '1.5MB'\ntime = '2h'\ncpu = '150%'\nswap = '0'\n");
  CHECK(profile.limits.memory->value == 4ULL << 30);
  CHECK(profile.limits.disk->value == 1500000);
  CHECK(profile.limits.time->value == std::chrono::hours(2));
  CHECK(profile.limits.cpu->value == 150);
  CHECK(profile.limits.swap->value == 0);
}

TEST_CASE("a value knows the file and line that decided it") {
  const Profile profile = profile_of("[limits]\nmemory = '4GiB'\n");
  CHECK(profile.limits.memory->origin.line == 3);
  CHECK(profile.limits.memory->origin.file.ends_with("/user/tried.toml"));
  CHECK(profile.network.mode.origin == Origin{"default", 0});
}

TEST_CASE("choices are read as their enumerators") {
  const Profile profile = profile_of(
      "workspace.mode = 'overlay'\nnetwork.mode = 'host'\nfiles.proc = 'pids'\nsyscalls.landlock = 'off'\n"
      "audit.level = 'syscall'\n");
  CHECK(profile.workspace.mode.value == WorkspaceMode::kOverlay);
  CHECK(profile.network.mode.value == NetworkMode::kHost);
  CHECK(profile.files.proc.value == ProcView::kPids);
  CHECK(profile.syscalls.landlock.value == Fence::kOff);
  CHECK(profile.audit.level.value == AuditLevel::kSyscall);
}

TEST_CASE("a question mark at the end of a path marks it optional and is no part of it") {
  const Profile profile = profile_of("files.read = ['/usr', '/srv?']\n");
  CHECK(profile.files.read[0].path == "/usr");
  CHECK_FALSE(profile.files.read[0].optional);
  CHECK(profile.files.read[1].path == "/srv");
  CHECK(profile.files.read[1].optional);
}

TEST_CASE("a path rule may be a table with a place, a mark and a reason") {
  const Profile profile =
      profile_of("files.read = [{ path = '~/data', at = '/data', optional = true, reason = 'samples' }]\n");
  const PathRule& rule = profile.files.read.at(0);
  CHECK(rule.path == "~/data");
  CHECK(rule.at == "/data");
  CHECK(rule.optional);
  CHECK(rule.reason == "samples");
  CHECK(rule.origin.line == 2);
}

TEST_CASE("a path rule may forbid links, and says so") {
  Profile profile = profile_of("files.read = [{ path = '/srv', no_links = true }, '/usr']\n");
  CHECK(profile.files.read.at(0).no_links);
  CHECK_FALSE(profile.files.read.at(1).no_links);
  CHECK(mistakes_in("[files]\nread = [{ path = '/srv', no_links = 'yes' }]\n").find("true or false") !=
        std::string::npos);
}

TEST_CASE("each entry of a list knows its own line") {
  const Profile profile = profile_of("files.read = [\n  '/usr',\n  '/etc',\n]\n");
  CHECK(profile.files.read[0].origin.line == 3);
  CHECK(profile.files.read[1].origin.line == 4);
}

TEST_CASE("paths below the home, the workspace and the session are known") {
  CHECK(paths_of(profile_of("files.read = ['~', '~/x', '$WORKSPACE/x', '$SESSION/x', '/a/']\n").files.read) ==
        std::vector<std::string>{"~", "~/x", "$WORKSPACE/x", "$SESSION/x", "/a"});
}

TEST_CASE("a rule of a system call keeps its conditions, error and reason") {
  const Profile profile = profile_of(
      "syscalls.refuse = [{ call = 'ioctl', arg = 1, equals = 0x5412, error = 'ENOTTY', reason = 'no typing' }]\n");
  const SyscallRule& rule = profile.syscalls.refuse.at(0);
  CHECK(rule.call == "ioctl");
  REQUIRE(rule.tests.size() == 1);
  CHECK(rule.tests[0].index == 1);
  CHECK(rule.tests[0].mask == 0xffffffff);
  CHECK(rule.tests[0].equals == 0x5412);
  CHECK(rule.error == "ENOTTY");
  CHECK(rule.reason == "no typing");
}

TEST_CASE("a condition on a value of more than 32 bits compares all bits") {
  const Profile profile = profile_of("syscalls.allow = [{ call = 'prctl', arg = 1, equals = 0x100000000 }]\n");
  CHECK(profile.syscalls.allow.at(0).tests.at(0).mask == UINT64_MAX);
}

TEST_CASE("all mistakes of a file are reported together, in the order of its lines") {
  CHECK(mistakes_in("[limits]\nswap = 1\nmemory = 1\n[network]\nmode = 'x'\n[nonsense]\n") ==
        "3:8: 'limits.swap' needs a unit, as in `swap = \"0\"`: a bare number does not say which one\n"
        "4:10: 'limits.memory' needs a unit, as in `memory = \"4GiB\"`: a bare number does not say which one\n"
        "6:8: unknown value of 'network.mode' 'x' (none, allowlist, host)\n"
        "7:2: unknown table 'nonsense'");
}

TEST_CASE("mistakes of a parent and of its child are reported together") {
  const Shelves shelves;
  shelves.user("parent", "memory = 1\n");
  shelves.user("child", "extends = 'parent'\nnonsense = 1\n");
  CHECK(shelves.read("child").mistakes.size() == 2);
}

TEST_CASE("a mistake is shown with its file, line and column") {
  CHECK(to_string(Diagnostic{"/x/y.toml", 3, 7, "is wrong"}) == "/x/y.toml:3:7: is wrong");
  CHECK(to_string(Diagnostic{"/x/y.toml", 0, 0, "is wrong"}) == "/x/y.toml: is wrong");
}

TEST_CASE("a hostile key cannot write to the terminal") {
  CHECK(mistakes_in("\"\\u001b[2J\" = 1\n").find('\x1b') == std::string::npos);
}

TEST_CASE("expectations are read with their subject") {
  const Profile profile = profile_of(
      "[[test]]\npath = '/usr'\nexpect = 'read-only'\n"
      "[[test]]\nsyscall = 'socket'\nargs = [16, 3]\nexpect = 'EPERM'\n");
  REQUIRE(profile.tests.size() == 2);
  CHECK(profile.tests[0].subject == Expectation::Subject::kPath);
  CHECK(profile.tests[1].subject == Expectation::Subject::kSyscall);
  CHECK(profile.tests[1].arguments == std::vector<uint64_t>{16, 3});
}

}  // namespace
}  // namespace clawbox::profile
