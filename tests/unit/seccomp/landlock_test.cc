#include "seccomp/landlock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "support/catch.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "unit/seccomp/policy.h"

namespace clawbox::landlock {
namespace {

using namespace clawbox::test;

struct Places {
  TempDir directory;
  std::string inside = make_directory(directory / "inside");
  std::string outside = make_directory(directory / "outside");

  template <class Act>
  int fenced(Act act) const {
    return in_child([&] {
      restrict_self({Landlock::Fence::kOn, {inside}});
      return act();
    });
  }
};

bool is_absent() {
  if (usable_abi() > 0) return false;
  skip("kernel: no Landlock of ABI 2");
  return true;
}

int make(const std::string& path) { return errno_of(SYS_openat, AT_FDCWD, path.c_str(), O_CREAT | O_WRONLY, 0644); }
int open_for(int flags, const std::string& path) { return errno_of(SYS_openat, AT_FDCWD, path.c_str(), flags, 0); }

}  // namespace

TEST_CASE("a file can be made in a writable path and nowhere else") {
  if (is_absent()) return;
  const Places places;
  CHECK(places.fenced([&] { return make(places.inside + "/new"); }) == 0);
  CHECK(places.fenced([&] { return make(places.outside + "/new"); }) == EACCES);
  CHECK(in_child([&] { return make(places.outside + "/new"); }) == 0);
}

TEST_CASE("a file outside can be read and executed, not written, cut or removed") {
  if (is_absent()) return;
  const Places places;
  const std::string file = write_file(places.outside + "/file", "content", 0755);
  CHECK(places.fenced([&] { return open_for(O_RDONLY, file); }) == 0);
  CHECK(places.fenced([&] { return errno_of(SYS_faccessat, AT_FDCWD, file.c_str(), X_OK); }) == 0);
  CHECK(places.fenced([&] { return open_for(O_WRONLY, file); }) == EACCES);
  CHECK(places.fenced([&] { return errno_of(SYS_unlinkat, AT_FDCWD, file.c_str(), 0); }) == EACCES);
  CHECK(read_file(file) == "content");
  CHECK(in_child([&] { return open_for(O_WRONLY, file); }) == 0);
}

TEST_CASE("a file outside cannot be truncated by name where the kernel knows that right") {
  if (usable_abi() < 3) return skip("kernel: no Landlock of ABI 3");
  const Places places;
  const std::string file = write_file(places.outside + "/file", "content");
  CHECK(places.fenced([&] { return errno_of(SYS_truncate, file.c_str(), 0); }) == EACCES);
  CHECK(in_child([&] { return errno_of(SYS_truncate, file.c_str(), 0); }) == 0);
}

TEST_CASE("renaming and linking between directories of a writable path work") {
  if (is_absent()) return;
  const Places places;
  make_directory(places.inside + "/a");
  make_directory(places.inside + "/b");
  const std::string file = write_file(places.inside + "/a/file", "");
  CHECK(places.fenced([&] { return ::rename(file.c_str(), (places.inside + "/b/moved").c_str()) == 0 ? 0 : errno; }) ==
        0);
  CHECK(places.fenced([&] {
    return ::link((places.inside + "/b/moved").c_str(), (places.inside + "/a/linked").c_str()) == 0 ? 0 : errno;
  }) == 0);
}

TEST_CASE("a file cannot be moved out of a writable path") {
  if (is_absent()) return;
  const Places places;
  const std::string file = write_file(places.inside + "/file", "");
  const auto move = [&] { return ::rename(file.c_str(), (places.outside + "/file").c_str()) == 0 ? 0 : errno; };
  CHECK(places.fenced(move) == EACCES);
  CHECK(in_child(move) == 0);
}

TEST_CASE("directories, links and FIFOs can be made and removed in a writable path") {
  if (is_absent()) return;
  const Places places;
  CHECK(places.fenced([&] {
    ::umask(0);
    if (::mkdir((places.inside + "/d").c_str(), 0755) != 0) return 1;
    if (::symlink("x", (places.inside + "/d/l").c_str()) != 0) return 2;
    if (::mkfifo((places.inside + "/d/f").c_str(), 0600) != 0) return 3;
    if (::unlink((places.inside + "/d/l").c_str()) != 0 || ::unlink((places.inside + "/d/f").c_str()) != 0) return 4;
    return ::rmdir((places.inside + "/d").c_str()) == 0 ? 0 : 5;
  }) == 0);
}

TEST_CASE("pipes and memory files can be opened again through /proc/self/fd") {
  if (is_absent()) return;
  const Places places;
  CHECK(places.fenced([] {
    int ends[2];
    if (::pipe(ends) != 0) return 99;
    return open_for(O_WRONLY, "/proc/self/fd/" + std::to_string(ends[1]));
  }) == 0);
  CHECK(places.fenced([] {
    const int memory = ::memfd_create("x", 0);
    return open_for(O_RDWR, "/proc/self/fd/" + std::to_string(memory));
  }) == 0);
}

TEST_CASE("what normal programs write outside their files stays writable") {
  if (is_absent()) return;
  const Places places;
  CHECK(places.fenced([] { return open_for(O_WRONLY | O_TRUNC, "/dev/null"); }) == 0);
  CHECK(places.fenced([] { return open_for(O_WRONLY, "/proc/self/oom_score_adj"); }) == 0);
  CHECK(places.fenced([] { return open_for(O_RDWR | O_NOCTTY, "/dev/ptmx"); }) == 0);
}

TEST_CASE("a signal does not leave the fence where the kernel can keep it in") {
  if (usable_abi() < 6) return skip("kernel: no Landlock of ABI 6");
  const Places places;
  const pid_t outside = ::getpid();
  CHECK(places.fenced([=] { return ::kill(outside, 0) == 0 ? 0 : errno; }) == EPERM);
  CHECK(in_child([=] { return ::kill(outside, 0) == 0 ? 0 : errno; }) == 0);
}

TEST_CASE("a fence that is off changes nothing") {
  const Places places;
  CHECK(in_child([&] {
          restrict_self({Landlock::Fence::kOff, {}});
          return make(places.outside + "/new");
        }) == 0);
}

TEST_CASE("a writable path that is not there is an error") {
  if (is_absent()) return;
  CHECK(in_child([] {
          try {
            restrict_self({Landlock::Fence::kOn, {"/nonexistent/path"}});
          } catch (const SysError& error) {
            return error.code();
          }
          return 0;
        }) == ENOENT);
}

}  // namespace clawbox::landlock
