// Trees that are deeper than a process may have descriptors, and directories that move while they are removed.
#include "files/removal.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/entries.h"
#include "sys/files.h"

using namespace clawbox;
using namespace clawbox::files;
using clawbox::test::TempDir;

namespace {

constexpr int kFiles = 30'000;

OwnedFd directory_at(const std::string& path) { return sys::open(path, O_PATH | O_DIRECTORY); }

/// Directories "d" in each other below `path`; the innermost.
OwnedFd make_chain(const std::string& path, int levels) {
  test::make_directory(path);
  OwnedFd here = directory_at(path);
  for (int level = 0; level < levels; ++level) {
    sys::make_directory(here, "d", 0700);
    here = sys::open_entry(here, "d", O_PATH | O_DIRECTORY);
  }
  return here;
}

/// Its errno, as an exit status.
pid_t remove_in_child(const std::string& parent) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  try {
    remove_tree(directory_at(parent), "tree");
    ::_exit(0);
  } catch (const SysError& error) {
    ::_exit(error.code());
  }
}

/// True: it stands still behind the first of the files in `bottom`, and before the last.
bool stops_between_files(pid_t pid, int watch, const OwnedFd& bottom) {
  char events[4096];
  REQUIRE(::read(watch, events, sizeof events) > 0);
  ::kill(pid, SIGSTOP);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, WUNTRACED) == pid);
  if (!WIFSTOPPED(status)) return false;
  return !std::filesystem::is_empty("/proc/self/fd/" + std::to_string(bottom.get()));
}

}  // namespace

TEST_CASE("a tree of twenty thousand levels is removed, with few descriptors") {
  const TempDir directory;
  const OwnedFd bottom = make_chain(directory / "tree", 20'000);
  for (const char* name : {"x", "y", "z"}) sys::make_directory(bottom, name, 0700);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{128, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK_NOTHROW(remove_tree(directory_at(directory.path()), "tree"));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(!std::filesystem::exists(directory / "tree"));
}

TEST_CASE("wide trees are removed, and links in them are not followed") {
  const TempDir directory;
  test::write_file(directory / "outside/kept", "x");
  for (int i = 0; i < 5000; ++i) test::write_file(directory / "tree/" + std::to_string(i), "");
  for (const char* name : {"tree/a/b/file", "tree/a/c/d/file", "tree/e/file"}) test::write_file(directory / name, "x");
  make_chain(directory / "tree/f", 100);
  make_chain(directory / "tree/f/d/d/g", 100);
  std::filesystem::create_directory_symlink("../../outside", directory / "tree/a/link");
  remove_tree(directory_at(directory.path()), "tree");
  remove_tree(directory_at(directory.path()), "tree");
  CHECK(!std::filesystem::exists(directory / "tree"));
  CHECK(test::read_file(directory / "outside/kept") == "x");
}

TEST_CASE("a directory that is moved away meanwhile does not take the removal along") {
  for (int tries = 0; tries < 20; ++tries) {
    const TempDir directory;
    test::write_file(directory / "elsewhere/kept", "x");
    const OwnedFd bottom = make_chain(directory / "tree", 40);
    for (int i = 0; i < kFiles; ++i) sys::make_file(bottom, std::to_string(i), 0600);
    const OwnedFd watch(::inotify_init1(IN_CLOEXEC));
    const std::string place = "/proc/self/fd/" + std::to_string(bottom.get());
    REQUIRE(::inotify_add_watch(watch.get(), place.c_str(), IN_DELETE) >= 0);
    const pid_t pid = remove_in_child(directory.path());
    if (!stops_between_files(pid, watch.get(), bottom)) continue;
    std::filesystem::rename(directory / "tree/d", directory / "elsewhere/d");
    ::kill(pid, SIGCONT);
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(WEXITSTATUS(status) == ESTALE);
    CHECK(test::read_file(directory / "elsewhere/kept") == "x");
    return;
  }
  FAIL("it was never seen at work");
}
