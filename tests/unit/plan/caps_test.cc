#include <algorithm>

#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

namespace {

/// Ann's world with the caps of `coding`, on lines 40 to 43, and no fall-back.
World capped() {
  World world;
  profile::Profile::Limits& limits = world.profile.limits;
  limits.memory = Decided<uint64_t>{4ULL << 30, {"try.toml", 40}};
  limits.swap = Decided<uint64_t>{0, {"try.toml", 41}};
  limits.cpu = Decided<uint64_t>{150, {"try.toml", 42}};
  limits.processes = Decided<uint64_t>{512, {"try.toml", 43}};
  return world;
}

/// As a machine without systemd, or a container.
World without_groups(World world) {
  world.host.control_groups = {};
  return world;
}

std::string value_of(const Plan& plan, const std::string& file) {
  for (const GroupCap& cap : plan.limits.group.caps)
    if (cap.file == file) return cap.value;
  return "";
}

std::optional<uint64_t> rlimit(const Plan& plan, const std::string& name) {
  for (const Rlimit& one : plan.limits.rlimits)
    if (one.name == name) return one.value;
  return std::nullopt;
}

void allow_missing(World& world, const std::vector<std::string>& names) {
  for (const std::string& name : names) world.profile.limits.allow_missing.push_back({name, {"try.toml", 50}});
}

}  // namespace

TEST_CASE("caps go into the files of a control group that the caller's systemd makes") {
  const Plan plan = capped().plan();
  CHECK(plan.limits.group.maker == ControlGroup::Maker::kDelegated);
  CHECK(plan.limits.group.directory == "/run/user/1000/systemd/private");
  CHECK(plan.limits.group.controllers == std::vector<std::string>{"memory", "cpu", "pids"});
  CHECK(value_of(plan, "memory.max") == "4294967296");
  CHECK(value_of(plan, "memory.swap.max") == "0");
  CHECK(value_of(plan, "cpu.max") == "150000 100000");
  CHECK(value_of(plan, "pids.max") == "512");
  CHECK(plan.limits.group.caps.front().origin.line == 40);
  CHECK(plan.shortfalls.empty());
}

TEST_CASE("a group that counts processes needs no limit of the user's processes beside it") {
  CHECK(!rlimit(capped().plan(), "nproc"));
}

TEST_CASE("root makes the group itself, and forbids huge pages in it") {
  World world = capped();
  world.become_root();
  const ControlGroup group = world.plan().limits.group;
  CHECK(group.maker == ControlGroup::Maker::kDirect);
  CHECK(group.directory == "/sys/fs/cgroup");
  CHECK(group.controllers.back() == "hugetlb");
}

TEST_CASE("a directory that the profile names is used by everybody") {
  World world = capped();
  world.profile.limits.cgroup = {"/sys/fs/cgroup/agents", {"try.toml", 44}};
  world.host.control_groups = {true, "", "/sys/fs/cgroup/agents", true, false, {"cpu", "memory", "pids"}};
  CHECK(world.plan().limits.group.maker == ControlGroup::Maker::kDirect);
  CHECK(world.plan().limits.group.directory == "/sys/fs/cgroup/agents");
  world.host.control_groups.writable = false;
  CHECK(std::string(world.refusal().what()).find("cannot be written") != std::string::npos);
  world.host.control_groups = {true, "", "/sys/fs/cgroup/agents", true, true, {}};
  CHECK(std::string(world.refusal().what()).find("processes live in") != std::string::npos);
  world.host.control_groups = {true, "", "/sys/fs/cgroup/agents", true, true, {"cpu", "pids"}};
  CHECK(std::string(world.refusal().what()).find("does not give the controller memory, and can give no more while") !=
        std::string::npos);
  CHECK(world.refusal().remedy().starts_with("move them into a group below it"));
  world.host.control_groups.is_group = false;
  CHECK(std::string(world.refusal().what()).find("is no control group of version 2") != std::string::npos);
}

TEST_CASE("a profile without caps has no group") {
  CHECK(World().plan().limits.group.maker == ControlGroup::Maker::kNone);
}

TEST_CASE("caps that nothing can hold end the run, each with its line, the cause and two ways out") {
  const Error refusal = without_groups(capped()).refusal();
  CHECK(refusal.status() == ExitStatus::kFeatureMissing);
  const std::string what = refusal.what();
  CHECK(what.find("memory 4GiB (try.toml:40), swap 0 (try.toml:41), cpu 150% (try.toml:42)") != std::string::npos);
  CHECK(what.find("no cgroup v2") != std::string::npos);
  CHECK(refusal.remedy().find("systemd.unified_cgroup_hierarchy=1") != std::string::npos);
  CHECK(refusal.remedy().find(R"(limits.allow_missing = ["memory", "swap", "cpu", "processes"])") != std::string::npos);
}

TEST_CASE("without a service manager the remedy says how to get one") {
  World world = capped();
  world.host.control_groups.manager = "";
  CHECK(std::string(world.refusal().what()).find("no service manager") != std::string::npos);
  CHECK(world.refusal().remedy().find("sudo loginctl enable-linger ann") != std::string::npos);
}

TEST_CASE("a controller that systemd keeps to itself is named, and only its caps are missing") {
  World world = capped();
  world.host.control_groups.controllers = {"memory", "pids"};
  CHECK(std::string(world.refusal().what()).find("memory") == std::string::npos);
  CHECK(std::string(world.refusal().what()).find("does not give the controller cpu") != std::string::npos);
  CHECK(world.refusal().remedy().find("Delegate=") != std::string::npos);
  allow_missing(world, {"cpu"});
  CHECK(has_shortfall(world.plan(), "no cap cpu 150%"));
  CHECK(value_of(world.plan(), "memory.max") == "4294967296");
}

TEST_CASE("what a limit of each process stands in for is told, and the rest must be allowed to be missing") {
  World world = without_groups(capped());
  world.profile.limits.fallback = {profile::Fallback::kRlimit, {"try.toml", 44}};
  CHECK(std::string(world.refusal().what()).find("swap 0 (try.toml:41), cpu 150% (try.toml:42): ") !=
        std::string::npos);
  allow_missing(world, {"swap", "cpu"});
  const Plan plan = world.plan();
  CHECK(plan.limits.group.maker == ControlGroup::Maker::kNone);
  CHECK(rlimit(plan, "data") == 4ULL << 30);
  CHECK(rlimit(plan, "nproc") == 512);
  CHECK(rlimit(plan, "stack") == 8ULL << 20);  // no data: RLIMIT_DATA would let it grow
  CHECK(has_shortfall(plan, "memory 4GiB by RLIMIT_DATA of each process, processes 512 by RLIMIT_NPROC"));
  CHECK(has_shortfall(plan, "no cap swap 0, cpu 150%"));
}

TEST_CASE("a kernel whose fall-back counts processes of the whole user is told") {
  World world = without_groups(World());
  world.profile.limits.processes = Decided<uint64_t>{512, {}};
  world.profile.limits.fallback.value = profile::Fallback::kRlimit;
  CHECK(!has_shortfall(world.plan(), "counts too much"));
  world.host.kernel = "5.10.0";
  CHECK(has_shortfall(world.plan(), "counts too much"));
}

TEST_CASE("the command line lowers a cap as it likes") {
  World world = capped();
  world.request.caps.memory = 2ULL << 30;
  world.request.caps.cpu = 50;
  const Plan plan = world.plan();
  CHECK(value_of(plan, "memory.max") == "2147483648");
  CHECK(value_of(plan, "cpu.max") == "50000 100000");
  CHECK(plan.limits.group.caps.front().origin.file == "command line");
}

TEST_CASE("the command line gives a cap to a profile that has none") {
  World world;
  world.request.caps.time = std::chrono::minutes(10);
  CHECK(world.plan().limits.time->value == std::chrono::minutes(10));
}

TEST_CASE("the command line raises a cap no further than the profile says") {
  World world = capped();
  world.request.caps.memory = 8ULL << 30;
  CHECK(world.refusal().status() == ExitStatus::kUsage);
  CHECK(std::string(world.refusal().what()) ==
        "--memory 8GiB is more than the profile lets go: memory = 4GiB (try.toml:40)");
  world.profile.limits.max_memory = Decided<uint64_t>{6ULL << 30, {"try.toml", 60}};
  CHECK(std::string(world.refusal().what()) ==
        "--memory 8GiB is more than the profile lets go: max_memory = 6GiB (try.toml:60)");
  world.profile.limits.max_memory->value = 8ULL << 30;
  CHECK(value_of(world.plan(), "memory.max") == "8589934592");
}

TEST_CASE("a question that starts nothing needs no control group") {
  World world;
  world.profile.limits.memory = Decided<uint64_t>{1ULL << 30, {"try.toml", 40}};
  world.profile.limits.cpuset = {"0-1", {"try.toml", 41}};
  world.host.control_groups = {};
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
  world.profile = clawbox::plan::without_group_caps(world.profile);
  CHECK(world.plan().limits.group.caps.empty());
  CHECK(!clawbox::plan::wants_group(world.profile.limits, {}));
}

TEST_CASE("a session that could write control groups is refused") {
  World world;
  world.files.directory("/sys");
  world.files.directory("/sys/fs");
  world.write("/sys/fs");
  CHECK(world.refusal().status() == ExitStatus::kStateUnusable);
}

TEST_CASE("a memory that is slowed down and not ended is asked for by name") {
  CHECK(value_of(capped().plan(), "memory.high").empty());
  World world = capped();
  world.profile.limits.memory_high = Decided<uint64_t>{3ULL << 30, {"try.toml", 45}};
  CHECK(value_of(world.plan(), "memory.high") == "3221225472");
}
