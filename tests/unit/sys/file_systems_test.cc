#include "sys/file_systems.h"

#include <unistd.h>

#include "support/catch.h"

using namespace clawbox;

// That FUSE does not answer by itself is shown by tests/sandbox/mute_files.cc.
TEST_CASE("mounts that concern nobody are not asked whether they answer") {
  CHECK(sys::all_answer("self", [](const sys::MountPoint&) { return false; }));
  CHECK(sys::all_answer("self", [](const sys::MountPoint& point) { return point.path.starts_with("/no/such"); }));
}

TEST_CASE("what /proc does not tell is not taken for an answer") {
  CHECK_FALSE(sys::all_answer("no-process", [](const sys::MountPoint&) { return false; }));
}

TEST_CASE("the type of a file system is that of the mount, and nothing where there is none") {
  CHECK(sys::type_of_file_system("/proc/self/status") == "proc");
  CHECK(sys::type_of_file_system("/no/such/place").empty());
}
