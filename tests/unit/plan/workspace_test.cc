#include "support/catch.h"
#include "world.h"

using namespace clawbox;
using namespace clawbox::plan::test;

namespace {

ExitStatus status_with_workspace(World world, const std::string& workspace) {
  world.request.workspace = workspace;
  return world.refusal().status();
}

}  // namespace

TEST_CASE("the caller's directory is the workspace when none is named") {
  const Plan plan = World().plan();
  CHECK(plan.workspace.host == "/home/ann/project");
  CHECK(plan.workspace.inside == "/home/ann/project");
  CHECK(plan.workspace.mode == Workspace::Mode::kReadWrite);
}

TEST_CASE("a workspace that does not exist is refused by name") {
  World world;
  world.request.workspace = "/home/ann/nowhere";
  CHECK(world.refusal().status() == ExitStatus::kWorkspaceUnusable);
  CHECK(std::string(world.refusal().what()) == "the workspace '/home/ann/nowhere' does not exist");
}

TEST_CASE("a file is no workspace") {
  World world;
  world.files.file("/home/ann/notes");
  CHECK(status_with_workspace(world, "/home/ann/notes") == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("the whole system is no workspace") {
  CHECK(status_with_workspace({}, "/") == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("the home itself is no workspace, and the remedy names --workspace") {
  World world;
  world.request.workspace = "/home/ann";
  CHECK(world.refusal().status() == ExitStatus::kWorkspaceUnusable);
  CHECK(world.refusal().remedy().find("--workspace") != std::string::npos);
}

TEST_CASE("places of the system are no workspaces") {
  for (const char* place : {"/usr", "/etc", "/home", "/var", "/tmp", "/run", "/root"})
    CHECK(status_with_workspace({}, place) == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("a directory above the home is no workspace") {
  World world;
  world.files.directory("/data");
  world.files.directory("/data/home");
  world.files.directory("/data/home/ann");
  world.host.home = "/data/home/ann";
  CHECK(status_with_workspace(world, "/data") == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("a directory that holds clawbox's own files is no workspace") {
  World world;
  world.files.directory("/home/ann/.config");
  world.request.workspace = "/home/ann/.config";
  CHECK(std::string(world.refusal().what()).find("/home/ann/.config/clawbox") != std::string::npos);
}

TEST_CASE("a workspace that the caller may not enter is refused") {
  World world;
  world.files.closed("/home/ann/project");
  CHECK(world.refusal().status() == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("a link to a workspace is resolved once") {
  World world;
  world.files.link("/home/ann/current", "project");
  world.request.workspace = "/home/ann/current";
  CHECK(world.plan().workspace.host == "/home/ann/project");
}

TEST_CASE("a link to the home does not make the home a workspace") {
  World world;
  world.files.link("/srv/link", "/home/ann");
  CHECK(status_with_workspace(world, "/srv/link") == ExitStatus::kWorkspaceUnusable);
}

TEST_CASE("a relative workspace is taken from the caller's directory") {
  World world;
  world.host.directory = "/home/ann";
  world.request.workspace = "project";
  CHECK(world.plan().workspace.host == "/home/ann/project");
}

TEST_CASE("a workspace can have another place inside") {
  World world;
  world.profile.workspace.at.value = "/workspace";
  const Plan plan = world.plan();
  CHECK(step_at<Bind>(plan, "/workspace")->source == "/home/ann/project");
  CHECK(plan.command.directory == "/workspace");
}

TEST_CASE("a workspace cannot be put over /proc") {
  World world;
  world.profile.workspace.at.value = "/proc/self";
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
}

TEST_CASE("without a workspace the command starts in its home") {
  World world;
  world.profile.workspace.mode.value = profile::WorkspaceMode::kNone;
  const Plan plan = world.plan();
  CHECK(plan.command.directory == "/home/ann");
  CHECK(!step_at<Bind>(plan, "/home/ann/project"));
}

TEST_CASE("--workspace with a profile that shows none is refused") {
  World world;
  world.profile.workspace.mode.value = profile::WorkspaceMode::kNone;
  world.request.workspace = "/home/ann/project";
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("an overlay workspace is written to a capped store, and its protected files stay read-only") {
  World world;
  world.profile.workspace.mode.value = profile::WorkspaceMode::kOverlay;
  world.profile.limits.disk = Decided<uint64_t>{8ULL << 30, {"try.toml", 45}};
  world.profile.files.protect.push_back({.path = ".git/hooks"});
  const Plan plan = world.plan();
  CHECK(plan.workspace.mode == Workspace::Mode::kOverlay);
  CHECK_FALSE(plan.workspace.protect.empty());
  REQUIRE(plan.storage);
  CHECK(plan.storage->bytes == 8ULL << 30);
  CHECK(plan.storage->files == (8ULL << 30) / 4096);
  CHECK(plan.storage->backing == Storage::Backing::kFuse);
}

TEST_CASE("an overlay workspace without a cap on the disk is refused by line") {
  World world;
  world.profile.workspace.mode.value = profile::WorkspaceMode::kOverlay;
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:3: "));
}

TEST_CASE("--overlay makes a writable workspace an overlay, and no other") {
  World world;
  world.profile.limits.disk = Decided<uint64_t>{8ULL << 30, {"try.toml", 45}};
  world.request.overlay = true;
  CHECK(world.plan().workspace.mode == Workspace::Mode::kOverlay);
  world.profile.workspace.mode.value = profile::WorkspaceMode::kReadOnly;
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("a command starts where the caller is in the workspace") {
  World world;
  world.request.workspace = "/home/ann/project";
  world.host.directory = "/home/ann/project/src";
  world.profile.workspace.at.value = "/workspace";
  CHECK(world.plan().command.directory == "/workspace/src");
}

TEST_CASE("a caller who is elsewhere starts at the top of the workspace") {
  World world;
  world.request.workspace = "/home/ann/project";
  world.host.directory = "/srv";
  CHECK(world.plan().command.directory == "/home/ann/project");
}

TEST_CASE("--workdir is relative to the workspace") {
  World world;
  world.request.workdir = "src";
  CHECK(world.plan().command.directory == "/home/ann/project/src");
}

TEST_CASE("--workdir does not climb out of the workspace") {
  World world;
  world.request.workdir = "../..";
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("--workdir names only what can be seen") {
  World world;
  world.request.workdir = "/srv";
  CHECK(world.refusal().status() == ExitStatus::kUsage);
  world.request.workdir = "/usr/bin";
  CHECK(world.plan().command.directory == "/usr/bin");
}

TEST_CASE("--workdir that is not there is refused with what it stands for, unless the session can make it") {
  World world;
  world.request.workdir = "src/none";
  CHECK(world.refusal().status() == ExitStatus::kUsage);
  CHECK(std::string(world.refusal().what()) == "--workdir 'src/none': there is no '/home/ann/project/src/none'");
  CHECK(!world.refusal().remedy().empty());
  world.request.workdir = "/tmp/none";
  CHECK(world.plan().command.directory == "/tmp/none");
}

TEST_CASE("--workdir that is a file is refused") {
  World world;
  world.files.file("/home/ann/project/Makefile", 1000);
  world.request.workdir = "Makefile";
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}

TEST_CASE("a run without a command is refused") {
  World world;
  world.request.argv.clear();
  CHECK(world.refusal().status() == ExitStatus::kUsage);
}
