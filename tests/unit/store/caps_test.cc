// Whatever holds a store: nothing that a program does takes more of the host than the caps, and a full store refuses
// and goes on.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <cstring>

#include "support/catch.h"
#include "unit/store/attack.h"

using namespace clawbox;
using namespace clawbox::test;
using store::Backing;

namespace {

/// tmpfs has nothing that could be asked from outside.
bool tells(Backing backing) { return backing != Backing::kTmpfs; }

uint64_t size_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return static_cast<uint64_t>(status.st_size);
}

/// What `act` says, or the signal that ended it.
std::string ending_of(const std::function<std::string()>& act) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    test::write_file("./said", act());
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? "SIG" + std::string(::sigabbrev_np(WTERMSIG(status))) : test::read_file("./said");
}

}  // namespace

TEST_CASE("endless data ends at the cap with ENOSPC, is told once, and leaves a store that works on", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      std::string said = fill("big");
      said += " " + fill("another");
      const int fd = ::open("big", O_WRONLY);  // what is there can be overwritten, names moved and removed
      said += ::pwrite(fd, "x", 1, 0) == 1 ? " overwritten" : " not overwritten";
      ::close(fd);
      said += ::rename("another", "moved") == 0 ? " moved" : " not moved";
      said += ::unlink("big") == 0 && fill("again") != "no end" ? " again" : " not again";
      return said;
    });
    CHECK(outcome.said == "ENOSPC ENOSPC overwritten moved again");
    check_within_caps(outcome);
    CHECK(outcome.told.has_value() == tells(backing));
    if (outcome.told) CHECK(outcome.told->of == store::Full::Of::kBytes);
  }
}

TEST_CASE("endless small files and directories end at the cap on files", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      int made = 0;
      while (made < 10000) {
        const std::string name = std::to_string(made);
        const int failed = made % 2 == 0 ? ::mkdir(name.c_str(), 0700) : ::mknod(name.c_str(), S_IFREG | 0600, 0);
        if (failed != 0) break;
        ++made;
      }
      return fmt::format("{} {}", ::strerrorname_np(errno), made);
    });
    // The directory itself is one; an image has some for its tables, and rounds down.
    const int least = backing == Backing::kLoop ? 160 : 199;
    CHECK(outcome.said.starts_with("ENOSPC "));
    const int made = std::stoi(outcome.said.substr(outcome.said.find(' ')));
    CHECK(made >= least);
    CHECK(made <= 199);
    check_within_caps(outcome);
    CHECK(outcome.told.has_value() == tells(backing));
    if (outcome.told) CHECK(outcome.told->of == store::Full::Of::kFiles);
  }
}

TEST_CASE("a sparse file costs nothing until fallocate wants more than the cap", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      const int fd = ::open("sparse", O_CREAT | O_RDWR, 0600);
      std::string said = ::ftruncate(fd, off_t{1} << 40) == 0 ? "sparse" : ::strerrorname_np(errno);
      said += ::fallocate(fd, 0, 0, off_t{10} << 30) == 0 ? " all" : fmt::format(" {}", ::strerrorname_np(errno));
      said += ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * kMiB) == 0 ? " some" : " none";
      said += ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * kMiB, 5 * kMiB) == 0 ? " more" : " no more";
      return said;
    });
    CHECK(outcome.said == "sparse ENOSPC some no more");
    check_within_caps(outcome);
  }
}

TEST_CASE("what fallocate has promised can be written in a full store", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, []() -> std::string {
      const int fd = ::open("promised", O_CREAT | O_RDWR, 0600);
      if (::fallocate(fd, 0, 0, 2 * kMiB) != 0) return ::strerrorname_np(errno);
      std::string said = fill("rest");
      const std::string bytes(2 * kMiB, 'x');
      return said + " " + std::to_string(::write(fd, bytes.data(), bytes.size()));
    });
    CHECK(outcome.said == fmt::format("ENOSPC {}", 2 * kMiB));
    check_within_caps(outcome);
  }
}

TEST_CASE("a mapping of a huge file takes no more than the cap, and who writes it learns of it", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      return ending_of([]() -> std::string {
        constexpr std::size_t kHuge = 64 * kMiB;
        const int fd = ::open("mapped", O_CREAT | O_RDWR, 0600);
        if (::ftruncate(fd, kHuge) != 0) return ::strerrorname_np(errno);
        void* const map = ::mmap(nullptr, kHuge, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        std::memset(map, 1, kHuge);
        const int failed = ::msync(map, kHuge, MS_SYNC);
        const std::string error = ::strerrorname_np(errno);
        // Room for the answer: unlinked, it would keep its blocks while it is open.
        if (::ftruncate(fd, 0) != 0) return "no room for the answer";
        return failed != 0 ? error : "written";
      });
    });
    // The kernel asks our server for room only when it writes the pages out.
    CHECK(outcome.said == (backing == Backing::kFuse ? "ENOSPC" : "SIGBUS"));
    check_within_caps(outcome);
  }
}

TEST_CASE("six writers at once end at the cap together", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      for (int i = 0; i < 6; ++i)
        if (::fork() == 0) {
          const std::string end = fill(fmt::format("writer-{}", i));
          ::_exit(end == "ENOSPC" || end == "EDQUOT" ? 0 : 1);
        }
      int well = 0, status = 0;
      while (::wait(&status) > 0) well += status == 0 ? 1 : 0;
      return std::to_string(well);
    });
    CHECK(outcome.said == "6");
    check_within_caps(outcome);
  }
}

TEST_CASE("unlinked files that are open count until they are closed", "[caps]") {
  for (const Backing backing : hard_backings()) {
    INFO(store::name_of(backing));
    const Outcome outcome = attack(backing, [] {
      const int other = ::open("other", O_CREAT | O_WRONLY, 0600);
      const int fd = ::open("gone", O_CREAT | O_WRONLY, 0600);
      ::unlink("gone");
      std::string said = fill(fd);
      said += " " + fill(other) + (size_of(other) < kMiB ? " full " : " room ");
      ::close(fd);
      said += fill(other);  // the room is there again
      return said + (size_of(other) > 6 * kMiB ? " large" : " small");
    });
    CHECK(outcome.said == "ENOSPC ENOSPC full ENOSPC large");
    check_within_caps(outcome);
  }
}
