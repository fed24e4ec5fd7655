// Caps on input and output: which disks, which files, and when nobody can hold them.
#include <filesystem>

#include "plan/disks.h"
#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

namespace {

using clawbox::plan::Disk;

/// Ann, to whom an administrator gave the controller, in a workspace on sda.
World with_disks() {
  World world;
  world.host.control_groups.controllers.emplace_back("io");
  world.profile.limits.io_write = Decided<uint64_t>{50ULL << 20, {"try.toml", 40}};
  return world;
}

std::vector<std::string> lines_for(const Plan& plan, const std::string& file) {
  std::vector<std::string> lines;
  for (const GroupCap& cap : plan.limits.group.caps)
    if (cap.file == file) lines.push_back(cap.value);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("rates are written for the disk of the workspace, each with its unit") {
  World world = with_disks();
  world.profile.limits.io_read = Decided<uint64_t>{100ULL << 20, {"try.toml", 41}};
  world.profile.limits.io_write_operations = Decided<uint64_t>{2000, {"try.toml", 42}};
  const Plan plan = world.plan();
  CHECK(lines_for(plan, "io.max") == Lines{"8:0 rbps=104857600", "8:0 wbps=52428800", "8:0 wiops=2000"});
  CHECK(plan.limits.group.caps.front().shown == "100MiB/s on sda");
  CHECK(plan.limits.group.caps.front().origin.line == 41);
}

TEST_CASE("every disk that the session can write to is capped, and each once") {
  World world = with_disks();
  for (const char* path : {"/srv/cache", "/srv/data"}) world.files.directory(path, 1000), world.write(path);
  world.files.disk("/srv/data", {"259:0", "nvme0n1"});
  world.files.disk("/usr", {"8:16", "sdb"});  // only read, and no workspace
  CHECK(lines_for(world.plan(), "io.max") == Lines{"8:0 wbps=52428800", "259:0 wbps=52428800"});
}

TEST_CASE("with rates memory is counted too, or what the page cache writes would be nobody's") {
  CHECK(with_disks().plan().limits.group.controllers == Lines{"io", "memory"});
}

TEST_CASE("a workspace without a disk of its own ends the run, with the file system that it is on") {
  World world = with_disks();
  world.files.disk("/home/ann/project", {"", "overlay"});
  const Error refusal = world.refusal();
  CHECK(refusal.status() == ExitStatus::kFeatureMissing);
  CHECK(std::string(refusal.what()) ==
        "caps that cannot be held: io_write 50MiB/s on '/home/ann/project' (try.toml:40): no single disk is behind "
        "'/home/ann/project', which is on overlay");
  CHECK(refusal.remedy().find(R"(limits.allow_missing = ["io"])") != std::string::npos);
  world.profile.limits.allow_missing.push_back({"io", {"try.toml", 50}});
  CHECK(has_shortfall(world.plan(), "no cap io_write 50MiB/s"));
  CHECK(world.plan().limits.group.maker == ControlGroup::Maker::kNone);
}

TEST_CASE("a controller that is not delegated is the cause, whatever the disk is") {
  World world = with_disks();
  world.host.control_groups.controllers = {"cpu", "memory", "pids"};
  world.files.disk("/home/ann/project", {"", "overlay"});
  CHECK(std::string(world.refusal().what()).find("does not give the controller io") != std::string::npos);
  CHECK(std::string(world.refusal().what()).find("overlay") == std::string::npos);
}

TEST_CASE("caps that are missing for different reasons are told apart") {
  World world = with_disks();
  world.host.control_groups.controllers = {"io", "memory"};
  world.profile.limits.processes = Decided<uint64_t>{64, {"try.toml", 41}};
  world.files.disk("/home/ann/project", {"", "nfs4"});
  const std::string what = world.refusal().what();
  CHECK(what.find("processes 64 (try.toml:41): ") != std::string::npos);
  CHECK(what.find("does not give the controller pids; io_write 50MiB/s") != std::string::npos);
  CHECK(what.ends_with("which is on nfs4"));
}

TEST_CASE("a weight goes to whoever shares the disk out, in his own measure") {
  World world = with_disks();
  world.profile.limits.io_write.reset();
  world.profile.limits.io_weight = Decided<uint64_t>{10000, {"try.toml", 41}};
  world.files.disk("/home/ann/project", {"8:0", "sda", Disk::Sharing::kCost});
  CHECK(lines_for(world.plan(), "io.weight") == Lines{"default 10000"});
  world.files.disk("/home/ann/project", {"8:0", "sda", Disk::Sharing::kBfq});
  CHECK(lines_for(world.plan(), "io.bfq.weight") == Lines{"default 1000"});
  world.profile.limits.io_weight->value = 50;
  CHECK(lines_for(world.plan(), "io.bfq.weight") == Lines{"default 50"});
}

TEST_CASE("a weight that nobody would heed is refused, with the way to have it") {
  World world = with_disks();
  world.profile.limits.io_weight = Decided<uint64_t>{50, {"try.toml", 41}};
  CHECK(std::string(world.refusal().what()).find("the kernel does not share sda out by weight") != std::string::npos);
  CHECK(world.refusal().remedy().find("echo bfq >/sys/block/sda/queue/scheduler") != std::string::npos);
}

TEST_CASE("no cap is claimed for what an overlay keeps where others than the session write it") {
  World world = with_disks();
  world.profile.workspace.mode.value = profile::WorkspaceMode::kOverlay;
  world.profile.limits.disk = Decided<uint64_t>{1ULL << 30, {"try.toml", 42}};
  CHECK(std::string(world.refusal().what()).find("its store, fuse, is not") != std::string::npos);
  for (const auto backing : {clawbox::Storage::Backing::kTmpfs, clawbox::Storage::Backing::kQuota}) {
    world.host.stores = {{backing, ""}};
    CHECK(lines_for(world.plan(), "io.max") == Lines{"8:0 wbps=52428800"});
  }
}

TEST_CASE("a file system without a disk is told by its type") {
  const Disk disk = clawbox::plan::disk_behind("/proc");
  CHECK(disk.number.empty());
  CHECK(disk.name == "proc");
  CHECK(clawbox::plan::disk_behind("/nonexistent/place").name.empty());
}

TEST_CASE("the disk behind a file system is a whole one") {
  const Disk disk = clawbox::plan::disk_behind("/");
  if (disk.number.empty()) return clawbox::test::skip("kernel: no disk is behind the root directory");
  CHECK(std::filesystem::exists("/sys/block/" + disk.name));
}
