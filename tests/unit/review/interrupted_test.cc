// An apply that is killed, or disturbed, at every step: each of its calls that changes a file system is such a step.
// The test traces it (ptrace(2)), so that the product knows nothing of it.
#include <sys/stat.h>
#include <sys/syscall.h>

#include <filesystem>

#include "base/error.h"
#include "review/apply.h"
#include "review/trim.h"
#include "support/catch.h"
#include "tracing.h"
#include "world.h"

using namespace clawbox::test;
using clawbox::review::Applied;
using clawbox::review::Wish;
namespace fs = std::filesystem;

namespace {

/// One of each kind of step.
void fill(const World& world) {
  world.host("changed", "old\n");
  world.host("directory/gone", "22\n");
  world.host("hidden/file", "1\n");
  world.host("closed/file", "4444\n");
  world.host("script", "x\n");
  world.host("was-directory/file", "333\n");
  world.host("was-file", "55555\n");
  ::chmod(world.at_host("closed").c_str(), 0555);
  world.begin_session();
  world.write("added/file", "new\n");
  world.write("changed", "new\n");
  world.make_opaque("directory");
  world.write("directory/made", "666666\n");
  world.white_out("hidden");
  world.white_out("closed");
  world.write("script", "x\n", 0700);
  world.write("was-directory", "now a file\n");
  world.write("was-file/inner", "7777777\n");
}

void remove_staging(std::map<std::string, std::string>& contents) {
  std::erase_if(contents, [](const auto& one) { return one.first.starts_with(".clawbox-apply-"); });
}

/// Every file that was there is there, old or new; nothing is half written.
bool is_old_or_new(const World& world, const std::map<std::string, std::string>& before,
                   const std::map<std::string, std::string>& wanted) {
  auto now = world.contents();
  remove_staging(now);
  for (const auto& [path, what] : now) {
    if (!what.starts_with("file ")) continue;
    const bool old = before.contains(path) && before.at(path) == what;
    if (!old && (!wanted.contains(path) || wanted.at(path) != what)) return false;
  }
  return true;
}

/// As a person does it: again, until it says that nothing is left.
void finish(const World& world, const Wish& wish = {}) {
  for (int tries = 0; tries < 3 && !clawbox::review::kept_sessions(world.overlays()).empty(); ++tries)
    world.apply(wish);
  clawbox::review::remove_leftovers(world.overlays());
}

void apply_or_throw(const World& world) {
  if (!world.apply().conflicts.empty()) throw clawbox::Error(clawbox::ExitStatus::kProblemsFound, "conflicts");
}

}  // namespace

TEST_CASE("an apply that is killed at any step is finished by the next one") {
  int step = 1;
  for (bool killed = true; killed; ++step) {
    const World world;
    fill(world);
    const auto before = world.contents(), wanted = merged(world);
    killed =
        traced([&] { world.apply(); }, [&](int now, uint64_t) { return now == step ? Then::kKill : Then::kGo; }) == -1;
    INFO("killed at step " << step);
    REQUIRE(is_old_or_new(world, before, wanted));
    finish(world);
    REQUIRE(world.contents() == wanted);
    REQUIRE(fs::is_empty(world.overlays()));
  }
  CHECK(step > 60);  // else it was not traced
}

TEST_CASE("an apply of some paths that is killed at any step leaves the rest of the review as it was") {
  const Wish wish{.paths = {"directory/made", "was-file", "closed"}};
  int step = 1;
  for (bool killed = true; killed; ++step) {
    const World world;
    fill(world);
    const auto wanted = merged(world);
    killed = traced([&] { world.apply(wish); },
                    [&](int now, uint64_t) { return now == step ? Then::kKill : Then::kGo; }) == -1;
    INFO("killed at step " << step);
    finish(world);
    REQUIRE(world.contents() == wanted);
    REQUIRE(fs::is_empty(world.overlays()));
  }
  CHECK(step > 30);
}

TEST_CASE("an edit on the host in the middle of an apply is never lost, whatever step it comes before") {
  int undone = 0, applied = 0;
  for (int step = 1;; ++step) {
    const World world;
    fill(world);
    auto before = world.contents(), wanted = merged(world);
    bool edited = false;
    const int status = traced([&] { apply_or_throw(world); },
                              [&](int now, uint64_t) {
                                if (now != step) return Then::kGo;
                                edited = true;
                                world.edit_on_host("changed", "the person's\n");
                                return Then::kGo;
                              });
    if (!edited) break;
    INFO("edited at step " << step);
    REQUIRE(read_file(world.at_host("changed")) == "the person's\n");
    for (auto* contents : {&before, &wanted}) (*contents)["changed"] = world.contents()["changed"];
    REQUIRE(world.contents() == (status == 0 ? wanted : before));
    ++(status == 0 ? applied : undone);
  }
  CHECK(undone > 10);
  CHECK(applied > 10);
}

TEST_CASE("an apply that is being undone and is killed at any step leaves no file half, and can be begun again") {
  int step = 1;
  for (bool killed = true; killed; ++step) {
    const World world;
    fill(world);
    const auto wanted = merged(world);
    int renames = 0, since = 0;
    killed = traced([&] { world.apply(); },
                    [&](int, uint64_t call) {
                      if (call == SYS_renameat2 && ++renames == 6) world.edit_on_host("script", "the person's\n");
                      return renames >= 6 && ++since == step ? Then::kKill : Then::kGo;
                    }) == -1;
    INFO("killed " << step << " steps after the edit");
    REQUIRE(read_file(world.at_host("script")) == "the person's\n");
    finish(world, {.host_changes = Wish::HostChanges::kOverwrite});
    REQUIRE(fs::is_empty(world.overlays()));
    auto now = world.contents(), expected = wanted;
    now.erase("script");
    expected.erase("script");
    REQUIRE(now == expected);
  }
  CHECK(step > 20);
}
