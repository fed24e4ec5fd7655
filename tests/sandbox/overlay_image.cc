// Root's overlay workspaces in an ext4 image: capped by its size, reviewed through a mount of its own, and gone with
// it.
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "support/catch.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace fs = std::filesystem;

namespace {

struct World : Environment {
  World() {
    write_file(workspace() + "/file", "old\n", 0644);
    add_profile("image", "version = 1\nextends = 'coding'\n[limits]\ndisk = '16MiB'\nfiles = 300\nstore = 'loop'\n");
  }

  std::string overlays() const { return state() + "/clawbox/overlays"; }
  Command over(const std::string& script) const {
    return clawbox({"run", "--overlay", "--profile", "image", "--", "sh", "-c", script});
  }
  std::string told(const std::string& verb) const { return run(clawbox({verb, "latest"})).out; }
  fs::path image() const { return fs::directory_iterator(overlays())->path() / "image"; }

  /// Whether the kernel still has a file of ours behind a loop device.
  bool is_mounted() const {
    for (const fs::directory_entry& device : fs::directory_iterator("/sys/block"))
      if (read_file(device.path() / "loop/backing_file").starts_with(overlays())) return true;
    return false;
  }
};

bool no_image_here() {
  if (::geteuid() != 0) return true;  // nobody else can mount one
  const World world;
  const Json report = Json::parse(run(world.clawbox({"doctor", "--json"})).out);
  for (const Json& probe : report.at("probes")) {
    if (probe.at("name") != "loop" || probe.at("works") == true) continue;
    skip("kernel: no image here: " + probe.at("found").get<std::string>());
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("what is written into an image is looked at while the session lives and after, and applied") {
  if (no_image_here()) return;
  const World world;
  Running running(world.over("echo new >file; echo made >made; echo ready; read line; true"));
  running.read_until("ready\n");
  CHECK(world.told("diff").find("made") != std::string::npos);
  running.end_input();
  const Finished finished = running.wait();
  INFO(finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.err.find("/image") != std::string::npos);
  CHECK_FALSE(world.is_mounted());
  CHECK(read_file(world.workspace() + "/file") == "old\n");
  CHECK(world.told("diff").find("made") != std::string::npos);
  CHECK(run(world.clawbox({"apply", "latest"})).status == 0);
  CHECK(read_file(world.workspace() + "/file") == "new\n");
  CHECK(read_file(world.workspace() + "/made") == "made\n");
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("an endless writer fills the image and nothing more, which is told once") {
  if (no_image_here()) return;
  const World world;
  const Finished finished = run(world.over("cat /dev/zero >big; cat /dev/zero >more; echo on"));
  INFO(finished.err);
  CHECK(finished.out == "on\n");
  CHECK(finished.err.find("No space left") != std::string::npos);
  CHECK(Trail(world).all("cap").size() == 1);
  struct stat status {};
  REQUIRE(::stat(world.image().c_str(), &status) == 0);
  CHECK(status.st_size == 16 << 20);
  CHECK(status.st_blocks * 512 <= 16 << 20);
  CHECK(run(world.clawbox({"discard", "latest"})).status == 0);
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("a session that writes nothing, or does not start, leaves no image") {
  if (no_image_here()) return;
  const World world;
  CHECK(run(world.over("cat file >/dev/null")).status == 0);
  CHECK(fs::is_empty(world.overlays()));
  CHECK(run(world.clawbox({"run", "--overlay", "--profile", "image", "--", "clawbox-no-such-program"})).status == 127);
  CHECK(fs::is_empty(world.overlays()));
}

TEST_CASE("a killed clawbox leaves its image and nothing mounted, and the next session tidies the image") {
  if (no_image_here()) return;
  const World world;
  Running running(world.over("echo kept >kept; echo ready; read line"));
  running.read_until("ready\n");
  running.send(SIGKILL);
  running.wait();
  CHECK(run(world.over("true")).status == 0);
  CHECK_FALSE(world.is_mounted());
  CHECK_FALSE(fs::is_symlink(world.image().parent_path() / "promised"));
  CHECK_FALSE(fs::is_symlink(world.image().parent_path() / "mounted"));
  CHECK(world.told("diff").find("kept") != std::string::npos);
  CHECK(run(world.clawbox({"discard", "latest"})).status == 0);
  CHECK(fs::is_empty(world.overlays()));
}
