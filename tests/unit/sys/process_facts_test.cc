#include "sys/process_facts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "support/catch.h"
#include "support/temp_dir.h"
#include "sys/files.h"
#include "sys/processes.h"
#include "unit/sys/waiting_child.h"

using namespace clawbox;

namespace {

/// Without reaping.
void wait_for_end(const sys::Process& process) {
  pollfd poll{process.pidfd().get(), POLLIN, 0};
  ::poll(&poll, 1, -1);
}

constexpr const char* kNumbers =
    " 1 1 1 0 -1 4194560 1 2 3 4 140 150 16 17 20 0 1 0 220 23 24 18446744073709551615 260 27 280 29 30 31 32 33 34 35 "
    "36 37 17 39 40 41 42 43 44 45 46 47 480 49 50 51 52\n";

}  // namespace

TEST_CASE("a name with parentheses and newlines shifts no field") {
  for (const std::string name : {"sh", ") R 1 2", "a\n) Z 9", "((", "))", ""}) {
    const auto stat = sys::parse_stat("42 (" + name + ") S" + kNumbers);
    REQUIRE(stat);
    CHECK(stat->name == name);
    CHECK(stat->state == 'S');
    CHECK(stat->parent == 1);
    CHECK(stat->start_time == 220);
    CHECK(stat->start_code == 260);
    CHECK(stat->start_stack == 280);
    CHECK(stat->arg_start == 480);
    CHECK(stat->cpu_ticks == 140 + 150 + 16 + 17);
    CHECK(stat->resident_pages == 24);
  }
}

TEST_CASE("a stat that is not whole is nothing") {
  for (const char* text : {"", "42", "42 (sh", "42 (sh)", ")(", "42 (sh) S 1 1 1", "42 (sh) S x 1 1"})
    CHECK_FALSE(sys::parse_stat(text));
}

TEST_CASE("a process cannot forge its status by its name") {
  const sys::Process child = waiting_child([] { ::prctl(PR_SET_NAME, "x\nTgid:\t1\n) "); });
  const auto status = sys::status_of(child.pid());
  REQUIRE(status);
  CHECK(status->tgid == child.pid());
  CHECK(status->parent == ::getpid());
  CHECK(status->uid == ::getuid());
  REQUIRE_FALSE(status->pids.empty());
  CHECK(status->pids.front() == child.pid());
  CHECK(status->tgids == status->pids);
  const auto stat = sys::stat_of(child.pid());
  REQUIRE(stat);
  CHECK(stat->name == "x\nTgid:\t1\n) ");
  CHECK(stat->parent == ::getpid());
}

TEST_CASE("a fork keeps the identity and an exec changes it") {
  const auto ours = sys::identity_of(::getpid());
  REQUIRE(ours);
  CHECK(ours->known());
  CHECK(ours->random);
  const sys::Process forked = waiting_child([] {});
  CHECK(sys::identity_of(forked.pid()) == ours);
  sys::Pipe output = sys::make_pipe();
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) {
    ::dup2(output.write_end.get(), STDOUT_FILENO);
    ::execl("/bin/sh", "sh", "-c", "echo; exec 1>&-; kill -STOP $$", nullptr);
    ::_exit(1);
  }
  const sys::Process execed(clone.pid, std::move(clone.pidfd));
  output.write_end.reset();
  sys::read_all(output.read_end, 1, "the shell");
  const auto other = sys::identity_of(execed.pid());
  REQUIRE(other);
  CHECK_FALSE(*other == *ours);
  CHECK(other->random != ours->random);
  CHECK(sys::identity_of(execed.pid()) == other);
}

TEST_CASE("a zombie has a state and times but no identity, and a gone process nothing") {
  sys::Process child = waiting_child([] {});
  const pid_t pid = child.pid();
  child.kill();
  wait_for_end(child);
  CHECK(sys::status_of(pid)->state == 'Z');
  CHECK_FALSE(sys::identity_of(pid)->known());
  CHECK(sys::executable_of(pid).error == ENOENT);
  child.wait();
  CHECK_FALSE(sys::status_of(pid));
  CHECK_FALSE(sys::stat_of(pid));
  CHECK_FALSE(sys::identity_of(pid));
  CHECK_FALSE(sys::pidfd_of(pid));
  CHECK(sys::directory_of(pid).error == ENOENT);
}

TEST_CASE("processor time is that of the process asked about, to less than a millisecond") {
  const sys::Process idle = waiting_child([] {});
  const sys::Process busy = waiting_child([] {
    for (timespec used{}; used.tv_nsec < 3'000'000;) ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  });
  CHECK(sys::cpu_time_of(busy.pid()) >= std::chrono::milliseconds(3));
  CHECK(sys::cpu_time_of(idle.pid()).count() > 0);
  CHECK(sys::cpu_time_of(idle.pid()) < sys::cpu_time_of(busy.pid()));
}

TEST_CASE("where a process is, and that its directory was removed") {
  using Deleted = sys::ProcessLink::Deleted;
  const test::TempDir dir;
  const std::string odd = test::make_directory(dir / "odd (deleted)"), gone = test::make_directory(dir / "gone\n");
  const auto in = [](const std::string& path) {
    return waiting_child([&] { sys::change_directory(sys::open(path, O_PATH)); });
  };
  const sys::Process here = in(dir.path()), there = in(odd), nowhere = in(gone);
  ::rmdir(gone.c_str());
  CHECK(sys::directory_of(here.pid()).path == std::filesystem::canonical(dir.path()));
  CHECK(sys::directory_of(here.pid()).deleted == Deleted::kNo);
  CHECK(sys::directory_of(there.pid()).deleted == Deleted::kPerhaps);
  CHECK(sys::directory_of(there.pid()).path.ends_with("odd (deleted)"));
  CHECK(sys::directory_of(nowhere.pid()).deleted == Deleted::kYes);
  CHECK(sys::directory_of(nowhere.pid()).path.ends_with("gone\n"));
}

TEST_CASE("a pidfd tells who a process is, and how it ended after it was reaped") {
  sys::Clone clone = sys::clone_into(0);
  if (clone.pid == 0) ::_exit(7);
  const OwnedFd kept = sys::duplicate(clone.pidfd.get());
  const auto alive = sys::pidfd_info(*sys::pidfd_of(::getpid()));
  sys::Process(clone.pid, std::move(clone.pidfd)).wait();
  if (alive.error == sys::kNotInKernel) return test::skip("kernel: no PIDFD_GET_INFO");
  CHECK(alive.tgid == ::getpid());
  CHECK(alive.parent == ::getppid());
  CHECK_FALSE(alive.wait_status);
  const auto ended = sys::pidfd_info(kept);
  if (ended.error == ESRCH) return test::skip("kernel: no PIDFD_INFO_EXIT");
  REQUIRE(ended.wait_status);
  CHECK(WEXITSTATUS(*ended.wait_status) == 7);
}
