// limits.reserve: the session stands still rather than fill the host's disk.
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "support/catch.h"
#include "support/own_mounts.h"
#include "support/trail.h"

using namespace clawbox::test;
using clawbox::Json;

namespace {

/// A workspace of 64 MiB, of which a twentieth stays free, and a shell outside that looks at it.
struct World : Environment {
  Finished outside_with(const std::string& script) const {
    Command command = outside({"sh", "-c", "cd \"$1\"; " + script, clawbox_binary(), workspace()});
    command.before_exec = [this] {
      enter_own_mounts();
      mount_here("tmpfs", workspace().c_str(), "tmpfs", 0, "size=64m,mode=0755");
    };
    return run(command);
  }
};

constexpr const char* kWriter =
    "errors=$HOME/errors; touch $errors\n"
    "\"$0\" run -- sh -c 'head -c 50M /dev/zero >big; while [ ! -e stop ]; do head -c 200000 /dev/zero >>big || exit "
    "3; "
    "sleep 0.1; done; echo through' 2>>$errors &\n"
    "until grep -q 'stands still' $errors; do sleep 0.1; kill -0 $! || exit 9; done\n";

bool refused_here() {
  const bool may = may_have_own_mounts();
  utsname kernel{};
  ::uname(&kernel);
  int major = 0, minor = 0;
  REQUIRE(std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2);
  if (may && (::geteuid() != 0 || major > 6 || (major == 6 && minor >= 3))) return false;
  skip(may ? "kernel: the owners of a tmpfs cannot be mapped, which Linux can since 6.3"
           : "kernel: no mount namespace for an ordinary user");
  return true;
}

}  // namespace

TEST_CASE("a session stands still while too little is free, and goes on when there is space again") {
  if (refused_here()) return;
  const World world;
  const Finished finished = world.outside_with(
      std::string(kWriter) + "stat -c %s big; sleep 1; stat -c %s big; touch stop; : >big; wait $!; echo $?");
  INFO(finished.out << finished.err << read_file(world.home() + "/errors"));
  const std::size_t line = finished.out.find('\n');
  REQUIRE(line != std::string::npos);
  const std::string size = finished.out.substr(0, line + 1);
  CHECK(finished.out == size + size + "through\n0\n");
  CHECK(std::stoul(size) < (uint64_t{64} << 20));
  CHECK(read_file(world.home() + "/errors").find("the session goes on") != std::string::npos);
  const std::vector<Json> caps = Trail(world).all("cap");
  REQUIRE(caps.size() == 2);
  CHECK(caps[0].at("cap") == "reserve");
  CHECK(caps[0].at("action") == "frozen");
  CHECK(caps[0].at("free") < caps[0].at("floor"));
  CHECK(caps[1].at("action") == "thawed");
}

TEST_CASE("a session that stands still is ended by a signal") {
  if (refused_here()) return;
  const World world;
  const Finished finished = world.outside_with(std::string(kWriter) + "kill $!; wait $!; echo $?");
  INFO(finished.err << read_file(world.home() + "/errors"));
  CHECK(finished.out == "137\n");
}

TEST_CASE("a session does not start where too little is free already") {
  if (refused_here()) return;
  const World world;
  const Finished finished = world.outside_with("head -c 63M /dev/zero >big; \"$0\" run -- touch ran; echo $?; ls");
  INFO(finished.err);
  CHECK(finished.out == "125\nbig\n");
  CHECK(finished.err.find("limits.reserve") != std::string::npos);
  CHECK(finished.err.find("remedy: free some space") != std::string::npos);
}

TEST_CASE("a session that adds more to its workspace than limits.disk is ended") {
  const Environment world;
  world.add_profile("small", "version = 1\nextends = 'coding'\n[limits]\ndisk = '8MiB'\n");
  const Finished finished = run(world.inside(
      "small", {"sh", "-c", "i=0; while i=$((i + 1)); do head -c 1M /dev/zero >$i; [ $i -lt 4000 ] || exit 0; done"}));
  INFO(finished.err);
  CHECK(finished.status == 124);
  CHECK(finished.err.find("ended by the cap disk = 8MiB") != std::string::npos);
  const std::vector<Json> caps = Trail(world).all("cap");
  REQUIRE(caps.size() == 1);
  CHECK(caps[0].at("state") == "exceeded");
  CHECK(caps[0].at("used") > (8 << 20));
}

TEST_CASE("room in a workspace that is watched is taken by writing alone") {
  const Environment world;
  const Finished finished = run(world.inside("coding", {"fallocate", "-l", "1M", "big"}));
  CHECK(finished.status == 1);
  CHECK(finished.err.find("not supported") != std::string::npos);
  CHECK(run(world.inside("coding", {"truncate", "-s", "1M", "big"})).status == 0);
}
