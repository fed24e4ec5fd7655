#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "plan/expectations.h"
#include "plan/paths.h"
#include "plan/themes.h"
#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

namespace {

std::optional<Rlimit> limit(const Plan& plan, const std::string& name) {
  for (const Rlimit& one : plan.limits.rlimits)
    if (one.name == name) return one;
  return std::nullopt;
}

std::size_t unmet(const World& world, const std::string& path, const std::string& expect) {
  const profile::Expectation wish{profile::Expectation::Subject::kPath, path, {}, expect, {}};
  return clawbox::plan::disappointments({wish}, world.plan(), world.host, {}).size();
}

}  // namespace

TEST_CASE("core dumps, real time and priority are off whatever the profile says") {
  const Plan plan = World().plan();
  for (const char* name : {"core", "nice", "rtprio"}) {
    REQUIRE(limit(plan, name));
    CHECK(limit(plan, name)->value == 0);
  }
}

TEST_CASE("where core dumps go to a program, the limit is the one at which the kernel does not start it") {
  World world;
  world.host.core_dumps_piped = true;
  const Plan plan = world.plan();
  CHECK(limit(plan, "core")->value == 1);
  CHECK(limit(plan, "core")->origin.file == "host");
  CHECK(!has_shortfall(plan, "crashes"));
}

TEST_CASE("a program for core dumps that cannot be left out is told") {
  World world;
  world.host.core_dumps_piped = true;
  world.host.hard_limits[RLIMIT_CORE] = 0;
  CHECK(limit(world.plan(), "core")->value == 0);
  CHECK(has_shortfall(world.plan(), "crashes"));
}

TEST_CASE("a cap becomes the resource limit of the same meaning, with its line") {
  World world;
  world.profile.limits.stack = Decided<uint64_t>{8 << 20, {"try.toml", 40}};
  world.profile.limits.open_files = Decided<uint64_t>{1024, {"try.toml", 41}};
  const Plan plan = world.plan();
  CHECK(limit(plan, "stack")->value == 8 << 20);
  CHECK(limit(plan, "stack")->origin.line == 40);
  CHECK(limit(plan, "nofile")->resource == RLIMIT_NOFILE);
}

TEST_CASE("a wish above the caller's hard limit is lowered and the reason says so") {
  World world;
  world.profile.limits.open_files = Decided<uint64_t>{1ULL << 30, {"try.toml", 41}};
  const Plan plan = world.plan();
  CHECK(limit(plan, "nofile")->value == 1 << 20);
  const auto note =
      std::find_if(plan.notes.begin(), plan.notes.end(), [](const Note& n) { return n.what == "limit nofile"; });
  REQUIRE(note != plan.notes.end());
  CHECK(note->why.find("lowered") != std::string::npos);
}

TEST_CASE("a disk cap of the host's own directory is watched, which is told; of an overlay it is held") {
  World world;
  world.profile.limits.disk = Decided<uint64_t>{8ULL << 30, {"try.toml", 45}};
  CHECK(has_shortfall(world.plan(), "disk 8GiB of the workspace is watched and not held"));
  CHECK(world.plan().storage->backing == Storage::Backing::kWatch);
  world.profile.workspace.mode.value = profile::WorkspaceMode::kOverlay;
  CHECK_FALSE(has_shortfall(world.plan(), "disk 8GiB of the workspace is watched and not held"));
}

TEST_CASE("a disk cap holds at least for each single file") {
  World world;
  world.profile.limits.disk = Decided<uint64_t>{8ULL << 30, {"try.toml", 45}};
  CHECK(limit(world.plan(), "fsize")->value == 8ULL << 30);
}

TEST_CASE("processor time is rounded up to whole seconds for each process") {
  World world;
  world.profile.limits.cpu_time = Decided<std::chrono::milliseconds>{std::chrono::milliseconds(1500), {}};
  const Plan plan = world.plan();
  CHECK(limit(plan, "cpu")->value == 2 + 5);
  CHECK(plan.limits.cpu_time->value.count() == 1500);
}

TEST_CASE("a journal that is wished for and not there is told") {
  World world;
  const char* const told = "records are not copied to the journal";
  CHECK(!has_shortfall(world.plan(), told));
  world.profile.audit.journal = Decided<bool>{true, {}};
  CHECK(has_shortfall(world.plan(), told));
  world.files.directory("/dev");
  world.files.file("/dev/log");
  CHECK(!has_shortfall(world.plan(), told));
}

TEST_CASE("the host's network is said loudly and no network is not") {
  World world;
  CHECK(!has_shortfall(world.plan(), "network"));
  world.profile.network.mode.value = profile::NetworkMode::kHost;
  const Plan plan = world.plan();
  REQUIRE(has_shortfall(plan, "network is open"));
  CHECK(plan.shortfalls.front().weight == Shortfall::Weight::kLoud);
}

TEST_CASE("the Landlock fence is up where the kernel has it, and knows what is writable") {
  const Plan plan = World().plan();
  REQUIRE(plan.landlock.fence == Landlock::Fence::kOn);
  const auto has = [&](const char* path) {
    return std::find(plan.landlock.writable.begin(), plan.landlock.writable.end(), path) !=
           plan.landlock.writable.end();
  };
  CHECK(has("/home/ann/project"));
  CHECK(has("/tmp"));
  CHECK(has("/dev"));
  CHECK(!has("/usr"));
}

TEST_CASE("a kernel without Landlock is told, and refused where it is required") {
  World world;
  world.host.landlock_abi = 1;
  CHECK(has_shortfall(world.plan(), "Landlock"));
  world.profile.syscalls.landlock.value = profile::Fence::kRequired;
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
}

TEST_CASE("a profile can do without Landlock, silently") {
  World world;
  world.profile.syscalls.landlock.value = profile::Fence::kOff;
  CHECK(world.plan().landlock.fence == Landlock::Fence::kOff);
  CHECK(!has_shortfall(world.plan(), "Landlock"));
}

TEST_CASE("refusals carry the number of their error") {
  World world;
  world.profile.syscalls.refuse = {
      {"mount", {}, "EPERM", "", {}}, {"bpf", {{0, 0xff, 1}}, "ENOSYS", "", {}}, {"swapon", {}, "kill", "", {}}};
  const SyscallPolicy policy = world.plan().syscalls;
  REQUIRE(policy.refuse.size() == 3);
  CHECK(policy.refuse[0].error == EPERM);
  CHECK(policy.refuse[1].error == ENOSYS);
  CHECK(policy.refuse[1].tests[0].mask == 0xff);
  CHECK(policy.refuse[2].error == kKillProcess);
}

TEST_CASE("an error that does not exist is refused with its line") {
  World world;
  world.profile.syscalls.refuse = {{"mount", {}, "EWHAT", "", {"try.toml", 60}}};
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:60"));
}

TEST_CASE("with execs recorded the supervisor is told of each start and end of a program, and of chosen calls") {
  const auto noted = [](const World& world) {
    std::vector<std::string> calls;
    for (const SyscallRule& rule : world.plan().syscalls.noted) calls.push_back(rule.call);
    return calls;
  };
  World world;
  CHECK(noted(world).empty());
  world.profile.audit.level.value = profile::AuditLevel::kExec;
  world.profile.audit.calls = {{"connect", {}, "EPERM", "", {"try.toml", 60}}};
  CHECK(noted(world) == std::vector<std::string>{"connect", "execve", "execveat", "exit_group"});
}

TEST_CASE("calls to record need a level that records them") {
  World world;
  world.profile.audit.calls = {{"connect", {}, "EPERM", "", {"try.toml", 60}}};
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:60"));
}

TEST_CASE("expectations about paths are compared with the plan") {
  World world;
  world.hide("/etc/shadow");
  CHECK(unmet(world, "/etc/shadow", "hidden") == 0);
  CHECK(unmet(world, "/usr", "read-only") == 0);
  CHECK(unmet(world, "$WORKSPACE", "writable") == 0);
  CHECK(unmet(world, "~/.ssh", "hidden") == 0);
  CHECK(unmet(world, "/bin/make", "read-only") == 0);
  CHECK(unmet(world, "/tmp", "writable") == 0);
}

TEST_CASE("an expectation that the plan does not meet says what was found") {
  World world;
  const profile::Expectation wish{profile::Expectation::Subject::kPath, "/usr", {}, "hidden", {"try.toml", 70}};
  const auto found = clawbox::plan::disappointments({wish}, world.plan(), world.host, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].found == "read-only");
  CHECK(found[0].origin.line == 70);
}

TEST_CASE("expectations about calls are answered by whoever has the filter") {
  World world;
  const profile::Expectation wish{profile::Expectation::Subject::kSyscall, "mount", {1}, "EPERM", {}};
  const auto answer = [](const std::string& call, const std::vector<uint64_t>& arguments) {
    return call == "mount" && arguments.size() == 1 ? "EPERM" : "allow";
  };
  CHECK(clawbox::plan::disappointments({wish}, world.plan(), world.host, answer).empty());
}

TEST_CASE("paths are compared by component") {
  CHECK(clawbox::plan::is_at_or_below("/a/b", "/a"));
  CHECK(!clawbox::plan::is_at_or_below("/ab", "/a"));
  CHECK(clawbox::plan::normal_path("/a//./b/../c/") == "/a/c");
  CHECK(clawbox::plan::normal_path("/../..") == "/");
  CHECK(clawbox::plan::moved("/a/b", "/a", "/x") == "/x/b");
  CHECK(clawbox::plan::moved("/a", "/", "/x") == "/x/a");
  CHECK(clawbox::plan::parent_first("/a/b", "/a-b"));
}
