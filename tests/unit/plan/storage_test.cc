// Which store holds the writes of an overlay workspace, and what is said of it.
#include <algorithm>

#include "plan/explain.h"
#include "support/catch.h"
#include "unit/plan/world.h"

using namespace clawbox;
using namespace clawbox::plan;
using namespace clawbox::plan::test;
using Backing = Storage::Backing;
using profile::Enforcement;
using profile::StoreKind;

namespace {

struct OverlayWorld : World {
  OverlayWorld() {
    profile.workspace.mode.value = profile::WorkspaceMode::kOverlay;
    profile.limits.disk = Decided<uint64_t>{8ULL << 30, {"try.toml", 45}};
  }
  void best_effort() { profile.limits.enforce = {Enforcement::kBestEffort, {"try.toml", 46}}; }
  std::vector<Backing> order() const { return stores_to_try(profile, request).order; }
};

bool refuses(const Plan& plan, const std::string& call) {
  return std::any_of(plan.syscalls.refuse.begin(), plan.syscalls.refuse.end(),
                     [&](const SyscallRule& rule) { return rule.call == call && rule.error == EOPNOTSUPP; });
}

}  // namespace

TEST_CASE("nothing is tried for a workspace that is no overlay") {
  OverlayWorld world;
  CHECK_FALSE(world.order().empty());
  world.profile.workspace.mode.value = profile::WorkspaceMode::kReadWrite;
  CHECK(world.order().empty());
  world.request.overlay = true;
  CHECK_FALSE(world.order().empty());
}

TEST_CASE("auto tries to watch the disk only with the profile's consent, and last; memory never") {
  OverlayWorld world;
  const std::vector<Backing> hard = world.order();
  CHECK(std::find(hard.begin(), hard.end(), Backing::kWatch) == hard.end());
  CHECK(std::find(hard.begin(), hard.end(), Backing::kTmpfs) == hard.end());
  world.best_effort();
  CHECK(world.order().back() == Backing::kWatch);
  CHECK(world.order().size() == hard.size() + 1);
}

TEST_CASE("auto tries what the kernel holds before our own server, with the caps of the run") {
  OverlayWorld world;
  CHECK(world.order() == std::vector{Backing::kQuota, Backing::kLoop, Backing::kFuse});
  const StoreWish of_profile = stores_to_try(world.profile, world.request);
  CHECK(of_profile.bytes == 8ULL << 30);
  CHECK(of_profile.files == 2ULL << 20);
  world.request.caps.disk = 1ULL << 30;
  world.profile.limits.files = Decided<uint64_t>{500, {"try.toml", 47}};
  const StoreWish of_words = stores_to_try(world.profile, world.request);
  CHECK(of_words.bytes == 1ULL << 30);
  CHECK(of_words.files == 500);
}

TEST_CASE("each word of limits.store is the backing of that name") {
  OverlayWorld world;
  world.best_effort();
  const std::vector<std::pair<StoreKind, Backing>> words{{StoreKind::kQuota, Backing::kQuota},
                                                         {StoreKind::kLoop, Backing::kLoop},
                                                         {StoreKind::kTmpfs, Backing::kTmpfs},
                                                         {StoreKind::kFuse, Backing::kFuse},
                                                         {StoreKind::kWatch, Backing::kWatch}};
  for (const auto& [word, backing] : words) {
    world.profile.limits.store.value = word;
    CHECK(world.order() == std::vector{backing});
  }
}

TEST_CASE("a store that the profile names is the only one that is tried") {
  OverlayWorld world;
  world.profile.limits.store.value = StoreKind::kTmpfs;
  CHECK(world.order() == std::vector{Backing::kTmpfs});
}

TEST_CASE("watching a disk needs the profile's consent") {
  OverlayWorld world;
  world.profile.limits.store = {StoreKind::kWatch, {"try.toml", 47}};
  world.host.stores = {{Backing::kWatch, ""}};
  CHECK(world.refusal().status() == ExitStatus::kProfileInvalid);
  CHECK(std::string(world.refusal().what()).starts_with("try.toml:47: "));
  world.best_effort();
  CHECK(world.plan().storage->backing == Backing::kWatch);
}

TEST_CASE("a watched disk is a shortfall with its cause, and room cannot be reserved in it") {
  OverlayWorld world;
  CHECK_FALSE(refuses(world.plan(), "fallocate"));
  world.best_effort();
  world.host.stores = {{Backing::kFuse, "/dev/fuse is closed"}, {Backing::kWatch, ""}};
  const Plan plan = world.plan();
  REQUIRE(has_shortfall(plan, "watched and not held"));
  CHECK(plan.shortfalls.back().why.find("not fuse: /dev/fuse is closed") != std::string::npos);
  CHECK(refuses(plan, "fallocate"));
  CHECK(refuses(plan, "ioctl"));
}

TEST_CASE("where no store works the run is refused with every cause") {
  OverlayWorld world;
  world.host.stores = {{Backing::kFuse, "/dev/fuse is closed"}};
  CHECK(world.refusal().status() == ExitStatus::kFeatureMissing);
  CHECK(std::string(world.refusal().what()).find("fuse: /dev/fuse is closed") != std::string::npos);
}

TEST_CASE("explain says which store it is, how hard, and why not another") {
  OverlayWorld world;
  world.best_effort();
  world.host.stores = {{Backing::kFuse, "/dev/fuse is closed"}, {Backing::kWatch, ""}};
  const Plan plan = world.plan();
  CHECK(explained(plan).find("store       watch, soft: looked at") != std::string::npos);
  CHECK(explained(plan).find("not fuse: /dev/fuse is closed") != std::string::npos);
  const Json storage = explained_as_json(plan)["limits"]["storage"];
  CHECK(storage["hard"] == false);
  CHECK(storage["passed_over"][0]["backing"] == "fuse");
}
